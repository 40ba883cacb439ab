"""Real processes that are killed, and servers that go away under them: nothing is done twice, nobody is left untold."""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.slack_double import Outcome, SlackDouble
from bot.surfaces.slack.manifest import manifest
from domain import arrows
from domain.registry import build_registry
from domain.settings import Settings
from tests.bot.processes import APP_TOKEN, BOT_TOKEN, PATIENCE, Company, company
from tests.bot.surfaces.slack.desk import CHANNELS, spoken
from tests.conftest import PrivatePostgres
from tests.servers import RedisServer
from tests.support import OWNER

AROUND_SLACK = ("inbox.recorded", "inbox.acknowledged")
pytestmark = pytest.mark.xdist_group("bot-processes")


@pytest.fixture
def double() -> Iterator[SlackDouble]:
    """A workspace that knows the app's commands and scopes, and gives an envelope up after a second."""
    made = manifest(build_registry(), Settings.model_validate({}))
    options: dict[str, Any] = {"bot_token": BOT_TOKEN, "app_token": APP_TOKEN, "rate_limits": False}
    with SlackDouble(manifest=made, ack_timeout=1.0, **options) as double:
        double.add_user("owner", id=OWNER)
        for channel in CHANNELS:
            double.add_channel(channel, [OWNER, "bot"])
        yield double


def grant(double: SlackDouble, name: str) -> Outcome:
    """Give somebody new a role: what the owner does at once before the first go-live."""
    double.add_user(name, id=name.upper())
    return double.command(OWNER, "governance", f"/access grant @{name} operator")


def times_granted(made: Company, name: str) -> int:
    """How often that was done, by the audit."""
    return sum(
        1 for row in made.rows("audit_event")
        if row.operation == "access.grant" and row.outcome == "done" and row.target.endswith(name.upper())
    )  # fmt: skip


def told(made: Company, name: str) -> list[str]:
    """What the owner heard directly about it."""
    return [spoken(message) for message in made.double.dms(OWNER) if f"{name.upper()}" in spoken(message)]


def row_of(made: Company, name: str) -> Any:
    """The row of the inbox."""
    return next((row for row in made.rows("inbox") if row.params.get("user") == name.upper()), None)


def killed_on(made: Company, arrow: str) -> None:
    """The bot dies on the arrow; its command is done once or never, and the owner hears which."""
    name = "u" + arrow.replace(".", "")
    made.double.wait_connected(timeout=PATIENCE)
    before = made.double.connections()
    made.die_on(arrow)
    outcome = grant(made.double, name)
    made.wait(lambda: not made.arrow.exists(), f"death on {arrow}")
    made.wait(lambda: made.double.connections() not in ([], before), f"the next bot after {arrow}")
    assert outcome.status == ("operation_timeout" if arrow == "inbox.recorded" else "ok"), arrow
    made.wait(lambda: getattr(row_of(made, name), "state", "") in {"done", "refused"}, f"the end of {name}")
    ended = row_of(made, name)
    if arrow in AROUND_SLACK:
        assert ended.state == "refused", arrow
        (heard,) = made.wait(lambda: told(made, name), f"a message about {name}")
        assert "NOT DONE" in heard, arrow
        assert times_granted(made, name) == 0, arrow
        assert made.double.dms(name) == [], arrow
        return
    assert ended.state == "done", arrow
    made.wait(lambda: made.double.dms(name), f"a welcome for {name}")
    if arrow != "inbox.done":  # there the answer, given at most once, is what was lost
        (heard,) = made.wait(lambda: told(made, name), f"a late answer about {name}")
        assert "comes late" in heard, arrow
    assert times_granted(made, name) == 1, arrow
    assert len(made.double.dms(name)) == 1, arrow


def killed_on_all(made: Company, along: tuple[str, ...]) -> None:
    """One bot dies on one arrow after the other, beside a worker whose sweep finishes what it left."""
    worker, bot = made.begin("worker"), made.begin("bot", VALHALLA_SOCKET_CONNECTIONS="1")
    for arrow in along:
        killed_on(made, arrow)
    assert len(made.rows("inbox")) == len(along)
    made.double.wait_connected(timeout=PATIENCE)
    assert grant(made.double, "uafter").status == "ok"
    made.wait(lambda: times_granted(made, "uafter"), "the last grant")
    made.end(bot)
    made.end(worker)
    logs = made.logs()
    assert "bot.started" in logs
    for secret in (BOT_TOKEN, APP_TOKEN, "recognisable", "ticket=", *_response_urls(made)):
        assert secret not in logs


def _response_urls(made: Company) -> set[str]:
    """The addresses at which anybody could answer in the bot's name."""
    return {str(item["payload"]["response_url"]) for item in made.double.envelopes("slash_commands")}


def test_killed_on_every_arrow(pg_url: str, redis_url: str, double: SlackDouble) -> None:
    """On PostgreSQL: whatever arrow of the inbox the bot dies on, the command is done once or never, and told."""
    with company(pg_url, redis_url, double) as made:
        killed_on_all(made, arrows.INBOX)


def test_killed_around_the_acknowledgement_on_sqlite(sqlite_url: str, redis_url: str, double: SlackDouble) -> None:
    """On SQLite: before and after Slack has the acknowledgement."""
    with company(sqlite_url, redis_url, double) as made:
        killed_on_all(made, AROUND_SLACK)


def test_with_tokens_and_a_folder_alone(sqlite_url: str, redis_url: str, double: SlackDouble) -> None:
    """Neither an owner nor a database is named: whoever owns the workspace is the owner, and it works."""
    double.add_user("founder", id="UFOUNDER", is_primary_owner=True)
    double.join("founder", "governance")
    with company(sqlite_url, redis_url, double) as made:
        for unset in ("VALHALLA_OWNERS", "DATABASE_URL", "REDIS_URL"):
            del made.environment[unset]
        worker, bot = made.begin("worker"), made.begin("bot")
        double.wait_connected(timeout=PATIENCE)
        made.wait(lambda: double.dms("founder"), "the greeting of the owner")
        assert "Welcome: you are an owner now." in spoken(double.dms("founder")[0])
        double.add_user("maria", id="UMARIA")
        assert double.command("founder", "governance", "/access grant @maria operator").status == "ok"
        made.wait(lambda: double.dms("maria"), "the greeting of whoever he let in")
        made.end(bot)
        made.end(worker)


def test_servers_that_go_away(
    private_postgres: PrivatePostgres, private_redis: RedisServer, double: SlackDouble
) -> None:
    """Redis is stopped and emptied, the database stopped and started, the bot ended and begun amid commands.

    Each command is done exactly once, or its sender was told that it was not done.
    """
    with company(private_postgres.url, private_redis.url, double) as made:
        worker, bots = made.begin("worker"), [made.begin("bot"), made.begin("bot")]
        double.wait_connected(4, PATIENCE)
        outcomes = _amid(
            double, private_redis.kill, private_postgres.stop, private_postgres.start, lambda: made.end(bots[0]),
            private_redis.start,
        )  # fmt: skip
        made.database.close()  # our own connections died with the server
        made.wait(lambda: all(row.state in {"done", "refused"} for row in made.rows("inbox")), "the end of everything")
        for name, outcome in outcomes.items():
            _done_once_or_told(made, name, outcome)
        assert grant(double, "uafter").status == "ok"
        made.wait(lambda: double.dms("uafter"), "a welcome after it all")
        made.seal()
        assert made.done(OWNER, "audit.verify").ok
        made.end(bots[1])
        made.end(worker)


def _amid(double: SlackDouble, *troubles: Callable[[], object]) -> dict[str, Outcome]:
    """Let three people type commands; after every few of them comes the next trouble."""
    outcomes: dict[str, Outcome] = {}
    numbers, typed, over = itertools.count(), threading.Semaphore(0), threading.Event()

    def type_on() -> None:
        while not over.is_set():
            name = f"u{next(numbers):03}"
            outcomes[name] = grant(double, name)
            typed.release()
            over.wait(0.05)  # nobody types faster

    with ThreadPoolExecutor(3) as pool:
        people = [pool.submit(type_on) for _ in range(3)]
        try:
            for trouble in troubles:  # in this thread: a server ends with the thread that started it
                for _ in range(6):
                    assert typed.acquire(timeout=PATIENCE)
                trouble()
        finally:
            over.set()
        for person in people:
            person.result()
    return outcomes


def _done_once_or_told(made: Company, name: str, outcome: Outcome) -> None:
    row, times = row_of(made, name), times_granted(made, name)
    if outcome.message is not None or row is None:
        assert times == 0, (name, outcome)
        # Slack itself tells the sender of everything that was not acknowledged.
        assert outcome.status != "ok" or "nothing was done" in spoken(outcome.message or {"text": ""}), (name, outcome)
        return
    assert times == (1 if row.state == "done" else 0), (name, row)
    if row.state == "refused":
        made.wait(lambda: told(made, name) or _told_at_once(made), f"a message about {name}")


def _told_at_once(made: Company) -> bool:
    """Whether the owner was answered where he typed that nothing was done."""
    return any("nothing was done" in spoken(message) for message in made.double.messages("governance", OWNER))
