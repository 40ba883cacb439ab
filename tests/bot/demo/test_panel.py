"""“Make things happen” over HTTP, against one running demo that is stopped and started again at the end."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.demo.cast import ALICE, DANA, MARIA
from bot.demo.controls import controls_of
from bot.demo.happenings import Happenings
from bot.demo.panel import CannotHappen, Happening, Panel
from bot.demo.place import free_port
from bot.demo.workspace import Workspace
from tests.bot.demo.running import Demo, wait_until

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.slow, pytest.mark.timeout(300)]
JsonDict = dict[str, Any]


class Running:
    """A demo in use, seen as the page sees it."""

    def __init__(self, folder: Path) -> None:
        """Start it without opening anything; a browser that is opened all the same leaves a mark."""
        self.folder = folder
        self.opened = folder / "opened.txt"
        browser = folder / "browser"
        browser.write_text(f'#!/bin/sh\necho "$1" >> "{self.opened}"\n')
        browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
        self.browser = f"{browser} %s"
        self.demo = Demo(folder, free_port(0), "--no-open", browser=self.browser)
        self.demo.sees("Ctrl-C stops all of it")
        self.attach()

    def attach(self) -> None:
        """Be a client of the demo that runs now."""
        self.workspace = Workspace(f"http://127.0.0.1:{self.demo.port}")
        self.http = httpx.Client(base_url=self.workspace.address, timeout=30, trust_env=False)

    def detach(self) -> None:
        """Be nobody's client."""
        self.workspace.close()
        self.http.close()

    def happens(self, action: str) -> str:
        """Press a button of the panel and return what it says was done."""
        answer = self.http.post(f"/demo/actions/{action}", json={})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["text"])

    def types(self, user: str, text: str) -> None:
        """Type a command in #general and have it taken."""
        assert self.workspace.act("command", user=user, channel="general", text=text)["status"] == "ok"

    def sees(self, words: str, channel: str, viewer: str = MARIA.user_id) -> None:
        """Wait until a message in a channel has these words."""

        def is_there() -> bool:
            return any(words in str(one) for one in self.workspace.read("messages", channel=channel, viewer=viewer))

        wait_until(is_there, f"{words!r} in #{channel}")

    def card(self) -> JsonDict:
        """Return the card of late follow-ups as it is now; the first one may have to be waited for."""
        cards: list[JsonDict] = []

        def is_there() -> bool:
            cards[:] = self.workspace.read("messages", channel="followups")
            return bool(cards)

        wait_until(is_there, "a card in #followups")
        return cards[-1]

    def hour_changes_the_card(self) -> None:
        """Let an hour pass, and wait until the card in #followups is another."""
        before = self.card()
        assert "An hour has passed" in self.happens("hour")
        wait_until(lambda: self.card() != before, "another card in #followups")

    def goes_live(self) -> None:
        """Ask as dana, approve as marc."""
        self.types(DANA.user_id, "/golive enable ready")
        self.sees("APPROVAL WANTED: go live", "governance")
        card = next(m for m in self.workspace.read("messages", channel="governance") if "go live" in m["text"])
        approve = next(c for block in card["blocks"] for c in controls_of(block) if c.label.startswith("Approve"))
        place = {"channel": "governance", "ts": card["ts"], "action_id": approve.action_id, "value": approve.value}
        assert self.workspace.act("click", user="marc", **place)["status"] == "ok"
        self.sees("GO-LIVE IS ON", "governance")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One demo for all of these tests."""
    started = Running(tmp_path_factory.mktemp("panel"))
    try:
        yield started
    finally:
        started.detach()
        started.demo.discard()


def test_the_page_is_told_what_can_be_made_to_happen(running: Running) -> None:
    listed = running.http.get("/demo/actions").json()
    assert [one["id"] for one in listed] == [
        "hour", "night", "signature", "lead", "contracts", "drill", "slack-away", "twice", "worker", "scheduler", "bot",
        "redis",
    ]  # fmt: skip
    assert all(set(one) == {"id", "label", "help", "group"} and all(one.values()) for one in listed)


def test_strange_pages_and_names_get_nothing(running: Running) -> None:
    post = running.http.post
    assert post("/demo/actions/night", content="{}", headers={"Content-Type": "text/plain"}).status_code == 415
    assert running.http.get("/demo/actions", headers={"Host": "elsewhere.example"}).status_code == 400
    assert post("/demo/actions/earthquake", json={}).status_code == 404


def test_the_tour_is_there_and_nothing_was_opened(running: Running) -> None:
    (tour,) = running.workspace.read("messages", channel="general")
    assert tour["text"].startswith("Tour")
    assert not running.opened.exists()


def test_a_lead_is_refused_until_go_live_and_then_due(running: Running) -> None:
    assert "Nora Bergeron's lead was refused by Prime Law" in running.happens("lead")
    running.goes_live()
    assert "Nora Bergeron, London ON, has filled in the web form: type /due as Maria" in running.happens("lead")
    running.types(MARIA.user_id, "/due")
    running.sees("Nora Bergeron, London ON", "general")
    assert "Ravi Patel" in running.happens("lead")


def test_a_drill_pages_whoever_is_on_call(running: Running) -> None:
    said = running.happens("drill")
    assert "Alice is paged in a direct message" in said
    assert "Marc is next" in said
    wait_until(lambda: "PAGE: DRILL" in str(running.workspace.read("dms", user=ALICE.user_id)), "Alice's page")
    running.sees("ALERT: DRILL by", "oncall")
    running.types(ALICE.user_id, "/alerts ack 1")
    wait_until(lambda: "NO LONGER YOURS" in str(running.workspace.read("dms", user=ALICE.user_id)), "its end")
    assert "not resolved yet" in running.happens("drill")


def test_hours_and_nights_make_steps_late(running: Running) -> None:
    assert "An hour has passed" in running.happens("hour")
    running.hour_changes_the_card()
    assert "A night has passed" in running.happens("night")
    wait_until(lambda: "past the 2 h promise" in str(running.card()), "broken promises on the card")


def test_the_contract_rate_falls_and_its_engine_is_held(running: Running) -> None:
    """The panel's button, the tripwire, the card on call, and what /risk says of it."""
    assert "look at the card in #oncall" in running.happens("contracts")
    running.sees("WHOLESALE IS THROTTLED", "oncall", ALICE.user_id)
    running.types(DANA.user_id, "/risk")
    running.sees("contract_rate", "general", DANA.user_id)


def test_a_signature_runs_out_and_is_signed_again(running: Running) -> None:
    assert "go-live cannot be switched on" in running.happens("signature")
    running.types(DANA.user_id, "/golive checklist")
    running.sees("NOT READY: 1 blocker", "general", DANA.user_id)
    running.types(DANA.user_id, "/golive attest consent_basis")
    running.sees("SIGNED: ", "general", DANA.user_id)
    running.types(DANA.user_id, "/golive checklist")
    running.sees("READY: nothing stands in the way", "general", DANA.user_id)


@pytest.mark.parametrize("name", ["worker", "scheduler", "bot"])
def test_what_is_killed_comes_back_and_works(running: Running, name: str) -> None:
    before = running.demo.child(name)
    assert f"process {before}" in running.happens(name)
    wait_until(lambda: running.demo.child(name) not in {None, before}, f"a new {name}")
    wait_until(lambda: running.workspace.connections() > 0, "a connected bot")
    running.hour_changes_the_card()


def test_an_emptied_redis_loses_nothing(running: Running) -> None:
    assert "Redis was emptied" in running.happens("redis")
    running.hour_changes_the_card()


def test_what_is_delivered_twice_is_done_once(running: Running) -> None:
    assert "two times" in running.happens("twice")
    running.types("alice", "/killswitch engage delivered twice")
    running.sees("delivered twice", "governance")
    engaged = [m for m in running.workspace.read("messages", channel="governance") if "delivered twice" in str(m)]
    assert len(engaged) == 1
    assert str(engaged[0]).count("added:") == 0
    (envelope,) = [one for one in running.workspace.read("envelopes") if "delivered twice" in str(one)]
    assert len(envelope["connections"]) == 2
    running.workspace.act("clear_faults", kind="duplicate_envelope")


def test_slack_goes_away_and_what_happened_meanwhile_arrives(running: Running) -> None:
    assert "Slack is away for 20 s" in running.happens("slack-away")
    before = running.card()  # from now on nothing that was under way can change it
    assert "An hour has passed" in running.happens("hour")
    assert running.workspace.read("status")["connections"] == []
    assert running.card() == before
    wait_until(lambda: not running.workspace.read("faults"), "Slack is back")
    wait_until(lambda: running.card() != before, "the card that waited")
    wait_until(lambda: running.workspace.connections() > 0, "a connected bot")


def test_the_second_start_opens_the_page_and_keeps_everything(running: Running) -> None:
    said = [one["ts"] for one in running.workspace.read("messages", channel="governance")]
    running.detach()
    running.demo.discard()
    assert not running.opened.exists()
    running.demo = Demo(running.folder, running.demo.port, browser=running.browser, at_terminal=True)
    running.demo.sees("Ctrl-C stops all of it")
    running.attach()
    wait_until(running.opened.exists, "the browser is opened")
    assert running.opened.read_text().strip() == f"{running.workspace.address}/?as=maria"
    assert [one["ts"] for one in running.workspace.read("messages", channel="governance")][: len(said)] == said
    tours = [one for one in running.workspace.read("messages", channel="general") if one["text"].startswith("Tour")]
    assert len(tours) == 1
    assert running.happens("hour")
    running.demo.types("\x03")
    running.demo.sees("All ended")
    assert running.demo.ends() == 0


# -- the panel by itself ------------------------------------------------------------------------------------


def _panel(happen: Any, *, is_open: bool = True) -> Panel:
    return Panel([Happening("it", "It", "It happens.", "", happen)], lambda: is_open)


def _refuses() -> str:
    raise CannotHappen("not now")


@pytest.mark.parametrize(
    ("happen", "is_open", "status", "words"),
    [
        (lambda: "done", True, 200, "done"),
        (lambda: "done", False, 503, "Still starting"),
        (_refuses, True, 409, "not now"),
        (lambda: 1 / 0, True, 500, "ZeroDivisionError"),
    ],
)
def test_the_panel_answers_in_words(happen: Any, is_open: bool, status: int, words: str) -> None:
    panel = _panel(happen, is_open=is_open)
    panel.start()
    try:
        answer = httpx.post(f"{panel.address}/actions/it", trust_env=False)
        assert answer.status_code == status
        assert words in answer.text
        elsewhere = panel.address.rpartition("/")[0]
        assert httpx.post(f"{elsewhere}/guess/actions/it", trust_env=False).status_code == 404
    finally:
        panel.stop()


class _Faults:
    """A workspace of which only the faults are used."""

    def __init__(self) -> None:
        self.kinds: list[str] = []
        self.added = 0

    def read(self, _what: str) -> list[JsonDict]:
        return [{"kind": kind} for kind in self.kinds]

    def act(self, verb: str, *, kind: str, **_more: Any) -> None:
        if verb == "add_fault":
            self.added += 1
            self.kinds.append(kind)
        else:
            self.kinds = [one for one in self.kinds if one != kind]


def test_a_fault_ends_by_itself_and_is_not_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing: Any = type("Nothing", (), {"database": None})()
    workspace: Any = _Faults()
    made = {one.id: one for one in Happenings(nothing, workspace, "", lambda _name: None).all()}
    made["twice"].happen()
    monkeypatch.setattr("bot.demo.happenings.TWICE_SECONDS", 0.01)
    made["twice"].happen()
    assert workspace.added == 1
    wait_until(lambda: not workspace.kinds, "the fault is lifted", 10)
    with pytest.raises(CannotHappen, match="down already"):
        made["worker"].happen()
