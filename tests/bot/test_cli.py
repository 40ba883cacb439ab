"""The command line: what it prints, what it ends with, and that it never shows a traceback or a secret."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from bot import cli
from bot.slack_api import SCOPES
from bot.slack_double import SlackDouble
from domain.registry import build_registry
from tests.bot.processes import APP_TOKEN, BOT_TOKEN, environment
from tests.support import AUDITOR, MANAGER, OPERATOR, OWNER, World

REGISTRY = build_registry()
ROOT = Path(__file__).resolve().parents[2]
AWAY = "postgresql+psycopg://valhalla:hunter2recognisable@127.0.0.1:9/valhalla"


class Terminal:
    """Runs commands as the shell would, in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.monkeypatch = monkeypatch
        self.capsys = capsys
        self.out = self.err = ""

    def set(self, **settings: str) -> None:
        """Change settings."""
        for name, value in settings.items():
            self.monkeypatch.setenv(name, value)

    def run(self, *words: str) -> int:
        """Run `valhalla WORDS`; return its exit code, keep what it printed."""
        self.monkeypatch.setattr(sys, "argv", ["valhalla", *words])
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        self.out, self.err = self.capsys.readouterr()
        return int(ended.value.code or 0)

    def op(self, *words: str) -> tuple[int, Any]:
        """Run `valhalla op WORDS --json`; return the exit code and the one object it printed."""
        code = self.run("op", *words, "--json")
        return code, json.loads(self.out)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Terminal]:
    """A terminal in an empty folder, with no setting but the owner."""
    for name in [*environment(tmp_path), "REDIS_URL", "DATABASE_URL"]:
        if name.startswith(("VALHALLA_", "SLACK_", "DATABASE_URL", "REDIS_URL")):
            monkeypatch.delenv(name, raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    root = logging.getLogger()
    before = root.handlers[:], root.level
    made = Terminal(monkeypatch, capsys)
    made.set(VALHALLA_OWNERS=OWNER, VALHALLA_DATA_DIR=str(tmp_path / "data"))
    yield made
    root.handlers[:], root.level = before


@pytest.fixture
def staffed(terminal: Terminal, sqlite_url: str) -> Iterator[World]:
    """A world with people, which the terminal works in."""
    terminal.set(DATABASE_URL=sqlite_url)
    world = World(sqlite_url)
    world.staff()
    yield world
    world.close()


class TestOp:
    """`valhalla op`: one JSON object and one exit code for every outcome."""

    def test_done(self, terminal: Terminal, staffed: World) -> None:
        """Exit 0: the operation and its result."""
        code, said = terminal.op("golive.state")
        assert (code, set(said), said["ok"], said["operation"]) == (
            0,
            {"ok", "operation", "result"},
            True,
            "golive.state",
        )
        assert said["result"]["go_live_enabled"] is False

    def test_the_local_owner_is_the_actor(self, terminal: Terminal, staffed: World) -> None:
        """What is done here is done by the first of VALHALLA_OWNERS, on the surface `cli`."""
        assert terminal.op("killswitch.engage", "reason=a drill")[0] == 0
        (event,) = staffed.audit("killswitch.engage")
        assert (event.actor, event.surface, event.reason) == (OWNER, "cli", "a drill")

    def test_refused(self, terminal: Terminal, staffed: World) -> None:
        """Exit 1: everything that explains it, and what lifts it."""
        code, said = terminal.op("killswitch.engage", "--as", AUDITOR)
        error = said["error"]
        assert (code, said["ok"]) == (1, False)
        assert {"kind", "code", "layer", "detail", "figures", "remedy"} <= set(error)
        assert (error["kind"], error["code"], error["figures"]) == (
            "not_allowed", "role", {"needs": "operator", "has": "auditor"},
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("words", "code"),
        [
            (["access.grant", "user=UMARIA", "role=king"], "bad_value"),
            (["access.grant", "user=UMARIA"], "missing"),
            (["golive.state", "colour=red"], "unknown_parameter"),
            (["golive.state", "what"], "bad_argument"),
            (["killswitch.engage", "reason=a", "reason=b"], "bad_argument"),
            (["killswitch.engage", "reason=@nowhere.txt"], "bad_argument"),
            (["access.grant", "user=@maria", "role=operator"], "bad_argument"),
            (["killswitch.engage", "break_glass=true"], "bad_argument"),
        ],
    )
    def test_bad_input(self, terminal: Terminal, staffed: World, words: list[str], code: str) -> None:
        """Exit 2: what was wrong, and nothing done."""
        exit_code, said = terminal.op(*words)
        assert (exit_code, said["error"]["kind"], said["error"]["code"]) == (2, "invalid_input", code)
        assert said["error"]["remedy"]
        assert not [event for event in staffed.audit() if event.operation != "access.bootstrap"]

    def test_unknown_operation(self, terminal: Terminal, staffed: World) -> None:
        """There is no such operation: refused, with where to look."""
        code, said = terminal.op("golive.stat")
        assert (code, said["error"]["code"]) == (1, "unknown_operation")
        assert "valhalla ops" in said["error"]["remedy"]

    def test_unavailable(self, terminal: Terminal) -> None:
        """Exit 3: the database gives no answer; its password is not in what is said."""
        terminal.set(DATABASE_URL=AWAY)
        code, said = terminal.op("golive.state")
        assert (code, said["error"]["kind"]) == (3, "unavailable")
        assert terminal.run("op", "golive.state") == 2
        assert "hunter2" not in terminal.out + terminal.err + json.dumps(said)
        assert len(terminal.err.strip().splitlines()) == 1

    def test_something_unexpected(self, terminal: Terminal, staffed: World) -> None:
        """Exit 3 with an apology; the cause is in the log on standard error, not in the output."""

        def broken(*_: Any, **__: Any) -> Any:
            raise RuntimeError("nobody foresaw this")

        terminal.monkeypatch.setattr("domain.prime_law.service.view", broken)
        code, said = terminal.op("golive.state")
        assert (code, said["error"]["code"]) == (3, "unexpected")
        assert "nobody foresaw this" in terminal.err

    def test_pending(self, terminal: Terminal, staffed: World) -> None:
        """Exit 4: a second person must decide, and nothing has changed."""
        staffed.switches(engaged=True, ever_live=True)
        code, said = terminal.op("killswitch.release", "reason=over")
        assert (code, said["ok"], said["pending_approval"]["approval_id"]) == (4, True, 1)
        assert staffed.rows("go_live_state")[0].kill_switch_engaged

    @pytest.mark.parametrize("name", ["approve", "reject"])
    def test_it_decides_nothing(self, terminal: Terminal, staffed: World, name: str) -> None:
        """No call here approves or rejects, whoever it is for."""
        staffed.pending(OPERATOR, "access.request", reason="more", role="oncall")
        words = [f"approvals.{name}", "approval_id=1", f"seen={staffed.seen(1)}"]
        words += ["reason=no"] if name == "reject" else []
        assert terminal.op(*words)[1]["error"]["code"] == "wrong_surface"
        assert terminal.op(*words, "--as", MANAGER)[1]["error"]["code"] == "wrong_surface"
        assert staffed.approval(1).status == "pending"

    def test_as_somebody_else(self, terminal: Terminal, staffed: World) -> None:
        """`--as` works in development, and is refused in production."""
        assert terminal.op("killswitch.engage", "--as", OPERATOR)[0] == 0
        terminal.set(VALHALLA_ENV="production")
        code, said = terminal.op("killswitch.engage", "--as", OPERATOR)
        assert (code, said["error"]["code"]) == (1, "as_in_production")
        assert [event.actor for event in staffed.audit("killswitch.engage")] == [OPERATOR]

    def test_without_an_owner(self, terminal: Terminal, staffed: World) -> None:
        """Without an owner in the settings nobody is the local owner."""
        terminal.set(VALHALLA_OWNERS="")
        assert terminal.op("golive.state")[1]["error"]["code"] == "no_owner"

    def test_with_the_owner_of_the_workspace(self, terminal: Terminal, sqlite_url: str) -> None:
        """Whoever was made owner because the setting names nobody is the local owner, in development alone."""
        terminal.set(VALHALLA_OWNERS="", DATABASE_URL=sqlite_url)
        unnamed = World(sqlite_url, VALHALLA_OWNERS=())
        try:
            assert unnamed.system("access.adopt", user=OWNER).changed
            assert terminal.op("access.grant", "user=UBEN", "role=operator")[0] == 0
            assert unnamed.audit("access.grant")[0].actor == OWNER
        finally:
            unnamed.close()
        terminal.set(VALHALLA_ENV="production")
        assert terminal.op("golive.state")[1]["error"]["code"] == "no_owner"

    def test_break_glass(self, terminal: Terminal, staffed: World) -> None:
        """With a reason the local owner acts alone, and it is recorded as that."""
        staffed.switches(engaged=True, ever_live=True)
        assert terminal.op("killswitch.release", "break_glass=true", "reason=both are away")[0] == 0
        assert not staffed.rows("go_live_state")[0].kill_switch_engaged
        (used,) = staffed.rows("break_glass")
        assert (used.actor, used.reason) == (OWNER, "both are away")

    def test_break_glass_where_there_is_none(self, terminal: Terminal, staffed: World) -> None:
        """What needs nobody else is done as ever, and the answer says so."""
        staffed.switches(ever_live=True)
        code, said = terminal.op(
            "risk.policy_set", "engine=WHOLESALE", "max_open_risk=100", "break_glass=true", "reason=a bad day"
        )  # fmt: skip
        assert (code, said["ok"]) == (0, True)
        assert said["remark"].startswith("It needed nobody else")
        assert staffed.count("break_glass") == 0

    def test_break_glass_is_the_owners(self, terminal: Terminal, staffed: World) -> None:
        """Nobody else breaks glass, even with a reason."""
        staffed.switches(engaged=True, ever_live=True)
        code, _ = terminal.op("killswitch.release", "break_glass=true", "reason=hurry", "--as", MANAGER)
        assert code == 1
        assert staffed.rows("go_live_state")[0].kill_switch_engaged

    def test_values_from_files(self, terminal: Terminal, staffed: World, tmp_path: Path) -> None:
        """`@PATH` is the file's words, `@PATH.json` what the JSON says; a file that is no text is bad input."""
        (tmp_path / "why.txt").write_text("texts without opt-out, “again”", encoding="utf-8")
        (tmp_path / "why.json").write_text('"from JSON"', encoding="utf-8")
        (tmp_path / "list.json").write_text("[1, 2]", encoding="utf-8")
        (tmp_path / "photo").write_bytes(b"\xff\xfe\x00")
        assert terminal.op("killswitch.engage", "reason=@why.txt")[0] == 0
        assert terminal.op("killswitch.engage", "reason=@why.json")[0] == 0
        assert terminal.op("killswitch.engage", "reason=@list.json")[0] == 2
        assert terminal.op("killswitch.engage", "reason=@photo")[0] == 2
        reasons = [event.reason for event in staffed.audit("killswitch.engage")]
        assert reasons == ["texts without opt-out, “again”", "from JSON"]

    def test_words_for_people(self, terminal: Terminal, staffed: World) -> None:
        """Without `--json` a refusal is its sentence, its cure and its layer."""
        assert terminal.run("op", "golive.enable", "reason=now", "--as", AUDITOR) == 1
        assert "`golive.enable` needs a manager; you are an auditor." in terminal.out


class TestOps:
    """`valhalla ops`: every operation there is."""

    def test_all_of_them(self, terminal: Terminal) -> None:
        """`--json` lists every public operation with everything a program needs; no settings are needed."""
        assert terminal.run("ops", "--json") == 0
        listed = json.loads(terminal.out)
        assert [item["name"] for item in listed] == [operation.name for operation in REGISTRY.public()]
        wanted = {
            "name", "summary", "role", "execution_class", "reduces", "reads", "needs_approval", "surfaces", "slack",
            "http", "also_http", "example", "internal", "parameters", "result",
        }  # fmt: skip
        assert all(set(item) == wanted for item in listed)
        (grant,) = (item for item in listed if item["name"] == "access.grant")
        assert (grant["role"], grant["execution_class"], grant["needs_approval"]) == ("manager", "GOVERN", True)
        assert (grant["http"], grant["also_http"]) == ("POST /api/access/grant", [])
        (reserve,) = (item for item in listed if item["name"] == "risk.reserve")
        assert reserve["also_http"] == ["POST /api/governance/risk/check-and-reserve"]
        assert [item["name"] for item in grant["parameters"] if item["required"]] == ["user", "role"]

    def test_internal_ones(self, terminal: Terminal) -> None:
        """`--internal` lists those the program runs by itself, and no others."""
        assert terminal.run("ops", "--internal", "--json") == 0
        names = [item["name"] for item in json.loads(terminal.out)]
        assert names == [operation.name for operation in REGISTRY.internal()]
        assert {"audit.seal", "inbox.recover", "approvals.expire"} <= set(names)

    def test_for_people(self, terminal: Terminal) -> None:
        """The table names each with its role, its class and how it is typed."""
        assert terminal.run("ops") == 0
        assert all(operation.name in terminal.out for operation in REGISTRY.public())
        assert "/killswitch engage [REASON]" in terminal.out


class TestManifest:
    """`valhalla manifest`: what the Slack app is made from."""

    @pytest.mark.parametrize("prefix", ["", "vh-staging-"])
    def test_it_is_one_that_slack_takes(self, terminal: Terminal, prefix: str) -> None:
        """Every command and alias is in it, within Slack's limits, and its scopes are those the calls need."""
        terminal.set(VALHALLA_COMMAND_PREFIX=prefix)
        assert terminal.run("manifest") == 0
        made = json.loads(terminal.out)
        commands = made["features"]["slash_commands"]
        names = {item["command"] for item in commands}
        typed = {f"/{prefix}{slash.command}" for operation in REGISTRY.public() for slash in operation.typed()}
        assert typed <= names
        assert f"/{prefix}kill" in names
        assert len(names) == len(commands) <= 50
        for item in commands:
            assert len(item["command"]) <= 32
            assert 0 < len(item["description"]) <= 2_000
            assert 0 < len(item["usage_hint"]) <= 1_000
            assert item["should_escape"] is True
        scopes = set(made["oauth_config"]["scopes"]["bot"])
        assert {"commands", *SCOPES} <= scopes
        assert made["settings"]["socket_mode_enabled"] is True
        assert len(made["display_information"]["name"]) <= 35
        assert len(made["display_information"]["description"]) <= 140
        with SlackDouble(manifest=made) as double:
            assert set(double._backend.settings.manifest.commands or ()) == names


class TestAudit:
    """`valhalla audit verify`."""

    def test_a_sound_log(self, terminal: Terminal, staffed: World) -> None:
        """Exit 0 where nothing was touched."""
        staffed.done(OPERATOR, "killswitch.engage", reason="a drill")
        staffed.seal()
        assert terminal.run("audit", "verify", "--json") == 0
        assert json.loads(terminal.out)["result"]["ok"] is True

    def test_a_tampered_log(self, terminal: Terminal, staffed: World) -> None:
        """Exit 1 where somebody changed an entry."""
        staffed.done(OPERATOR, "killswitch.engage", reason="a drill")
        staffed.seal()
        staffed.unguard("audit_event")
        staffed.execute("UPDATE audit_event SET reason = 'nothing happened'")
        assert terminal.run("audit", "verify", "--json") == 1
        assert json.loads(terminal.out)["result"]["ok"] is False
        assert terminal.run("audit", "verify") == 1


WRONG = [
    ("VALHALLA_ENV", "staging"),
    ("VALHALLA_OWNERS", "bryan"),
    ("VALHALLA_BUSINESS_TZ", "Mars/Base"),
    ("VALHALLA_BUSINESS_TZ", "/etc/passwd"),
    ("VALHALLA_DATA_DIR", "/dev/null/here"),
    ("VALHALLA_DATA_DIR", "data?mode=ro"),
    ("VALHALLA_SOCKET_CONNECTIONS", "0"),
    ("VALHALLA_SOCKET_CONNECTIONS", "many"),
    ("VALHALLA_COMMAND_PREFIX", "Upper Case"),
    ("VALHALLA_DUAL_CONTROL", "perhaps"),
    ("VALHALLA_LEASE_SECONDS", "0"),
    ("SLACK_API_URL", "slack.com"),
    ("SLACK_API_URL", "http://slack.example.org:port/api/"),
    ("DATABASE_URL", "mysql://root:hunter2recognisable@host/x"),
    ("DATABASE_URL", "hunter2recognisable"),
    ("DATABASE_URL", "sqlite+aiosqlite:///x"),
    ("REDIS_URL", "host:hunter2recognisable"),
    ("REDIS_URL", "redis://:hunter2recognisable@host:66379/0"),
    ("VALHALLA_PAGE_URL", "pager.example.org/hunter2"),
    ("VALHALLA_PAGE_URL", "ftp://pager.example.org/hunter2"),
    ("VALHALLA_PAGE_URL", "https://pager.example.org:99999/hunter2"),
    ("VALHALLA_PAGE_SECRET", "hunter2"),
    ("VALHALLA_GROUP_ONCALL", "two words"),
]


class TestSettings:
    """A wrong setting stops the start with one clear line."""

    @pytest.mark.parametrize(("name", "value"), WRONG)
    @pytest.mark.parametrize("command", [("bot",), ("op", "golive.state")], ids=lambda words: words[0])
    def test_each_in_turn(self, terminal: Terminal, command: tuple[str, ...], name: str, value: str) -> None:
        """One line that names it, exit 2, no traceback, and no secret in it."""
        terminal.set(**{name: value})
        assert terminal.run(*command) == 2
        (line,) = (terminal.out + terminal.err).strip().splitlines()
        assert line.startswith(f"valhalla: {name}: ")
        assert "hunter2" not in line

    def test_dual_control_in_production(self, terminal: Terminal) -> None:
        """Switching the second person off is refused in production."""
        terminal.set(VALHALLA_ENV="production", VALHALLA_DUAL_CONTROL="off")
        assert terminal.run("op", "golive.state") == 2
        assert "VALHALLA_DUAL_CONTROL" in terminal.err

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"VALHALLA_PAGE_URL": "https://pager.example.org"}, "VALHALLA_PAGE_SECRET: must be set"),
            (
                {"VALHALLA_PAGE_URL": "http://pager.example.org", "VALHALLA_PAGE_SECRET": "hunter2recognisable"},
                "VALHALLA_PAGE_URL: must begin with https://",
            ),
        ],
    )
    def test_pages_in_production(self, terminal: Terminal, settings: dict[str, str], said: str) -> None:
        """They are signed, and nobody on the way reads them; in development neither is asked for."""
        terminal.set(**settings)
        assert terminal.run("op", "golive.state") == 0
        terminal.set(VALHALLA_ENV="production")
        assert terminal.run("op", "golive.state") == 2
        assert said in terminal.err
        assert "recognisable" not in terminal.err

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({}, "SLACK_BOT_TOKEN must be set"),
            ({"SLACK_BOT_TOKEN": BOT_TOKEN}, "SLACK_APP_TOKEN must be set"),
            (
                {"SLACK_BOT_TOKEN": APP_TOKEN, "SLACK_APP_TOKEN": BOT_TOKEN},
                "SLACK_BOT_TOKEN is not a token that begins",
            ),
            (
                {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": BOT_TOKEN},
                "SLACK_APP_TOKEN is not a token that begins",
            ),
        ],
    )
    def test_tokens(self, terminal: Terminal, settings: dict[str, str], said: str) -> None:
        """The bot does not start without both tokens, each of its kind; none of them is shown."""
        terminal.set(**settings)
        assert terminal.run("bot") == 2
        (line,) = terminal.err.strip().splitlines()
        assert said in line
        assert "recognisable" not in line

    @pytest.mark.parametrize("command", ["bot", "worker", "scheduler", "migrate"])
    def test_a_database_that_is_away(self, terminal: Terminal, command: str) -> None:
        """Every process says in one line that the database gives no answer, without its password."""
        terminal.set(DATABASE_URL=AWAY, SLACK_BOT_TOKEN=BOT_TOKEN, SLACK_APP_TOKEN=APP_TOKEN)
        assert terminal.run(command) == 2
        (line,) = (terminal.out + terminal.err).strip().splitlines()
        assert line.startswith("valhalla: The database gives no answer")
        assert "hunter2" not in line

    @pytest.mark.parametrize("command", ["bot", "worker", "scheduler", "migrate"])
    def test_a_file_that_is_no_database(self, terminal: Terminal, tmp_path: Path, command: str) -> None:
        """A damaged file is said in one line as well, and left as it is."""
        file = tmp_path / "damaged.db"
        file.write_text("not a database " * 500)
        terminal.set(DATABASE_URL=f"sqlite:///{file}", SLACK_BOT_TOKEN=BOT_TOKEN, SLACK_APP_TOKEN=APP_TOKEN)
        assert terminal.run(command) == 2
        (line,) = (terminal.out + terminal.err).strip().splitlines()
        assert "file is not a database" in line
        assert terminal.op("golive.state")[0] == 3
        assert file.read_text().startswith("not a database")

    @pytest.mark.parametrize("command", ["bot", "worker", "scheduler"])
    def test_a_database_without_tables(self, terminal: Terminal, empty_pg_url: str, command: str) -> None:
        """A server is migrated on purpose: every process says which command does it."""
        terminal.set(DATABASE_URL=empty_pg_url, SLACK_BOT_TOKEN=BOT_TOKEN, SLACK_APP_TOKEN=APP_TOKEN)
        assert terminal.run(command) == 2
        assert "run `valhalla migrate`" in terminal.err


class TestMigrate:
    """`valhalla migrate`."""

    def test_twice(self, terminal: Terminal, empty_pg_url: str) -> None:
        """The second time changes nothing and says the same."""
        terminal.set(DATABASE_URL=empty_pg_url)
        for _ in range(2):
            assert terminal.run("migrate") == 0
            assert "The database is at head." in terminal.out
        assert terminal.op("golive.state")[0] == 0

    def test_a_file_is_migrated_by_whoever_comes_first(self, terminal: Terminal) -> None:
        """The embedded database needs no command before the first one."""
        assert terminal.op("golive.state")[0] == 0


class TestDoctor:
    """`valhalla doctor` finds what is wrong and says how to mend it."""

    @pytest.fixture
    def healthy(self, terminal: Terminal, staffed: World) -> Iterator[SlackDouble]:
        """Everything is well."""
        terminal.run("manifest")
        with SlackDouble(
            manifest=json.loads(terminal.out), bot_token=BOT_TOKEN, app_token=APP_TOKEN, rate_limits=False
        ) as double:
            for channel in ("governance", "oncall", "followups", "deals"):
                double.add_channel(channel, ["bot"])
            terminal.set(SLACK_API_URL=double.base_url, SLACK_BOT_TOKEN=BOT_TOKEN, SLACK_APP_TOKEN=APP_TOKEN)
            yield double

    def test_nothing(self, terminal: Terminal, healthy: SlackDouble) -> None:
        """All is well: exit 0, and no line says otherwise."""
        assert terminal.run("doctor") == 0
        assert "WRONG" not in terminal.out
        terminal.set(VALHALLA_OWNERS="")
        assert terminal.run("doctor") == 0
        assert "who owns the workspace, is owner" in terminal.out
        healthy.add_group("crew")
        terminal.set(
            VALHALLA_GROUP_ONCALL="@crew", VALHALLA_PAGE_URL=healthy.base_url,
            VALHALLA_PAGE_SECRET="hunter2recognisable",
        )  # fmt: skip
        assert terminal.run("doctor") == 0
        assert "127.0.0.1 listens" in terminal.out
        assert "recognisable" not in terminal.out

    @pytest.mark.parametrize(
        ("spoil", "said"),
        [
            (
                lambda terminal, _double: terminal.set(VALHALLA_OWNERS="", VALHALLA_ENV="production"),
                "VALHALLA_OWNERS names nobody",
            ),
            (lambda terminal, _double: terminal.set(DATABASE_URL=AWAY), "check DATABASE_URL"),
            (lambda terminal, _double: terminal.set(REDIS_URL="redis://:hunter2@127.0.0.1:9/0"), "check REDIS_URL"),
            (lambda terminal, _double: terminal.set(SLACK_BOT_TOKEN=""), "SLACK_BOT_TOKEN is not set"),
            (lambda terminal, _double: terminal.set(SLACK_BOT_TOKEN="xoxb-wrong-recognisable"), "invalid_auth"),
            (
                lambda terminal, _double: terminal.set(SLACK_BOT_TOKEN="xoxb-wrong-recognisable"),
                "copy the bot's token again",
            ),
            (lambda terminal, _double: terminal.set(SLACK_APP_TOKEN=""), "SLACK_APP_TOKEN is not set"),
            (lambda terminal, _double: terminal.set(SLACK_APP_TOKEN="xapp-wrong-recognisable"), "invalid_auth"),
            (lambda terminal, _double: terminal.set(SLACK_API_URL="http://127.0.0.1:9/"), "cannot be reached"),
            (lambda terminal, _double: terminal.set(SLACK_API_URL="http://127.0.0.1:9/"), "check SLACK_API_URL"),
            (lambda _terminal, double: double.revoke_scopes("channels:history"), "channels:history"),
            (lambda _terminal, double: double.archive("oncall"), "#oncall"),
            (lambda terminal, _double: terminal.set(VALHALLA_CHANNEL_DEALS="nowhere"), "#nowhere: channel_not_found"),
            (lambda terminal, _double: terminal.set(VALHALLA_GROUP_ONCALL="@crew"), "there is no @crew"),
            (
                lambda terminal, _double: terminal.set(VALHALLA_PAGE_URL="http://127.0.0.1:9/x"),
                "set VALHALLA_PAGE_SECRET",
            ),
            (
                lambda terminal, _double: terminal.set(
                    VALHALLA_PAGE_URL="http://127.0.0.1:9/x", VALHALLA_PAGE_SECRET="hunter2recognisable"
                ),
                "check VALHALLA_PAGE_URL",
            ),
        ],
    )
    def test_one_thing(
        self, terminal: Terminal, healthy: SlackDouble, spoil: Callable[[Terminal, SlackDouble], None], said: str
    ) -> None:
        """It is named, with its cure; nothing secret is shown; exit 1."""
        spoil(terminal, healthy)
        assert terminal.run("doctor") == 1
        assert said in terminal.out
        assert terminal.out.count("WRONG") == 1
        assert "→" in terminal.out
        assert "recognisable" not in terminal.out + terminal.err
        assert "hunter2" not in terminal.out + terminal.err

    def test_an_old_database(self, terminal: Terminal, empty_pg_url: str) -> None:
        """A database that is not at head is found, with the command that brings it there."""
        terminal.set(DATABASE_URL=empty_pg_url)
        assert terminal.run("doctor") == 1
        assert "run `valhalla migrate`" in terminal.out
        assert str(make_url(empty_pg_url).database) in terminal.out


def test_the_procfile_names_commands_there_are() -> None:
    """Every process of the Procfile is a command of this program."""
    known = {command.name or command.callback.__name__ for command in cli.app.registered_commands if command.callback}
    for line in (ROOT / "Procfile").read_text().splitlines():
        _, _, words = line.partition(": ")
        program, command = words.split()[:2]
        assert (program, command in known) == ("valhalla", True), line


def test_help_names_every_command(terminal: Terminal) -> None:
    """`valhalla --help` lists them."""
    assert terminal.run("--help") == 0
    for command in ("bot", "worker", "scheduler", "migrate", "doctor", "manifest", "ops", "op", "audit", "demo"):
        assert command in terminal.out
