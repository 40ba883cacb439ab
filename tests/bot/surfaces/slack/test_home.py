"""The Home tab as people see it, over both transports; and the direct copies of a request's card."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from bot.slack_double import Outcome
from bot.surfaces.slack import homes as homes_module
from bot.surfaces.slack.homes import Homes
from domain.gate import Call
from domain.identity import Role
from tests.bot.surfaces.slack.desk import MARIA, PATIENCE, Desk, Message, desks, find, labels, spoken
from tests.bot.surfaces.slack.http_desk import http_desk
from tests.support import AUDITOR, MANAGER, ONCALL, OPERATOR, SECOND, STRANGER

TRANSPORTS: dict[str, Callable[..., AbstractContextManager[Desk]]] = {"socket": desks, "http": http_desk}


@pytest.fixture(params=TRANSPORTS)
def desk(request: pytest.FixtureRequest, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A bot over either transport; tabs follow at once."""
    monkeypatch.setattr(homes_module, "DEBOUNCE", 0.05)
    with TRANSPORTS[request.param](sqlite_url) as made:
        yield made


def said(view: dict[str, Any] | None) -> str:
    """Everything a tab says, in one line."""
    return spoken({"text": "", **view}) if view else ""


def home(desk: Desk, user: str, words: str) -> dict[str, Any]:
    """Wait until this person's tab says these words."""
    desk.wait(lambda: words in said(desk.double.home(user)), f"“{words}” in {said(desk.double.home(user))}")
    view = desk.double.home(user)
    assert view
    return view


def open_home(desk: Desk, user: str, words: str) -> dict[str, Any]:
    """Open the tab and wait for it."""
    assert desk.double.open_home(user).status == "ok"
    return home(desk, user, words)


def press(desk: Desk, user: str, view: dict[str, Any], label: str) -> Outcome:
    """Press a button of a tab."""
    block, element, _ = find({"text": "", **view}, label)
    return desk.double.click_view(
        user, view["id"], element["action_id"], block_id=block["block_id"], value=element["value"]
    )


class TestOpening:
    """What opening the tab shows."""

    def test_each_role(self, desk: Desk) -> None:
        """Everybody gets his own."""
        assert "You have no role here yet." in said(open_home(desk, STRANGER, "no role"))
        assert "What you can do as auditor" in said(open_home(desk, AUDITOR, "auditor"))
        assert "Nothing is due for you." in said(open_home(desk, OPERATOR, "operator"))
        assert "Nothing waits for your decision." in said(open_home(desk, MANAGER, "manager"))

    def test_the_other_tab_shows_nothing(self, desk: Desk) -> None:
        """The event also comes when the messages are opened."""
        desk.double.emit("app_home_opened", user=OPERATOR, channel="D1", tab="messages")
        open_home(desk, AUDITOR, "auditor")
        assert [call["args"]["user_id"] for call in desk.double.calls("views.publish")] == [AUDITOR]

    def test_a_stranger_asks_from_it(self, desk: Desk) -> None:
        """The form opens, and the tab then says that he waits."""
        assert press(desk, STRANGER, open_home(desk, STRANGER, "no role"), "Ask for access…").status == "ok"
        desk.submit(STRANGER, desk.form(STRANGER), reason="Monday")
        assert "Ask for access…" not in labels(home(desk, STRANGER, "You have asked for access"))

    def test_a_database_that_is_away(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """The tab says so, and its button works once it is there again."""
        run = desk.gate.run

        def broken(call: Call) -> Any:
            raise RuntimeError("nobody foresaw this")

        monkeypatch.setattr(desk.gate, "run", broken)
        view = open_home(desk, OPERATOR, "Something went wrong here")
        monkeypatch.setattr(desk.gate, "run", run)
        assert press(desk, OPERATOR, view, "Refresh").status == "ok"
        home(desk, OPERATOR, "Nothing is due for you.")

    def test_slack_takes_no_tab(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        """A refused view is logged; the bot goes on."""
        desk.double.faults.add("refuse", "views.publish", error="not_enabled")
        assert desk.double.open_home(OPERATOR).status == "ok"
        desk.wait(lambda: desk.double.calls("views.publish"), "the call")
        open_home(desk, OPERATOR, "operator")
        assert "not_enabled" in capsys.readouterr().out

    def test_with_a_prefix(self, sqlite_url: str) -> None:
        """Commands are named as they are typed here."""
        with Desk(sqlite_url, VALHALLA_COMMAND_PREFIX="vh-") as desk:
            assert "`/vh-golive`" in said(open_home(desk, AUDITOR, "auditor"))


class TestActing:
    """What can be done in the tab."""

    def test_deciding(self, desk: Desk) -> None:
        """Approve from the tab: it acts once, the answer comes directly, and the tab has one line less."""
        desk.switches(engaged=True, ever_live=True)
        desk.pending(ONCALL, "killswitch.release", reason="over")
        view = open_home(desk, MANAGER, "1 request waits for your decision")
        answer = desk.answer_to(MANAGER, lambda: press(desk, MANAGER, view, "Approve…"))
        assert "released" in spoken(answer)
        assert "Kill switch | clear" in said(home(desk, MANAGER, "Nothing waits for your decision.")).replace("*", "")
        assert len(desk.audit("approvals.approve", "done")) == 1

    def test_withdrawing(self, desk: Desk) -> None:
        """One's own request is taken back where it stands."""
        desk.switches(engaged=True, ever_live=True)
        desk.pending(ONCALL, "killswitch.release", reason="over")
        view = open_home(desk, ONCALL, "1 request waits for others")
        assert "Withdrawn" in spoken(desk.answer_to(ONCALL, lambda: press(desk, ONCALL, view, "Withdraw")))
        desk.wait(lambda: "waits for others" not in said(desk.double.home(ONCALL)), "the tab without it")

    def test_engaging(self, desk: Desk) -> None:
        """The kill switch is one press away, and the tab says that it is engaged."""
        view = open_home(desk, OPERATOR, "operator")
        assert "KILL SWITCH ENGAGED" in spoken(
            desk.answer_to(OPERATOR, lambda: press(desk, OPERATOR, view, "Engage the kill switch"))
        )
        assert "Engage the kill switch" not in labels(home(desk, OPERATOR, "KILL SWITCH ENGAGED"))

    def test_a_question(self, desk: Desk) -> None:
        """What is asked in the tab is answered directly."""
        view = open_home(desk, OPERATOR, "operator")
        answer = desk.answer_to(OPERATOR, lambda: press(desk, OPERATOR, view, "Show the switches"))
        assert "Production is off" in spoken(answer)

    def test_refreshing_answers_nothing(self, desk: Desk) -> None:
        """The tab is set anew where it is; no message comes."""
        view = open_home(desk, OPERATOR, "operator")
        desk.switches(engaged=True)
        assert press(desk, OPERATOR, view, "Refresh").status == "ok"
        home(desk, OPERATOR, "KILL SWITCH ENGAGED")
        assert desk.answers(OPERATOR) == []

    def test_typed_it_is_a_message(self, desk: Desk) -> None:
        """`/valhalla home` shows the same to whoever has no tab open."""
        answer = desk.type(OPERATOR, "/valhalla home")
        assert "Nothing is due for you." in spoken(answer)
        assert desk.double.home(OPERATOR) is None


class TestFollowing:
    """A tab that was opened lately follows what its owner does."""

    def test_ones_own_acts(self, desk: Desk) -> None:
        """Wherever they were done."""
        open_home(desk, OPERATOR, "operator")
        desk.type(OPERATOR, "/killswitch engage drill")
        home(desk, OPERATOR, "KILL SWITCH ENGAGED")

    def test_what_others_do(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """A switch, a request and its decision show in tabs that were opened lately, whoever acted."""
        monkeypatch.setattr(homes_module, "FOLLOW_EVERY", 0.05)
        open_home(desk, OPERATOR, "operator")
        open_home(desk, MANAGER, "Nothing waits for your decision.")
        desk.type(ONCALL, "/killswitch engage drill")
        home(desk, OPERATOR, "KILL SWITCH ENGAGED")
        desk.type(ONCALL, "/killswitch release over")
        home(desk, MANAGER, "1 request waits for your decision")
        desk.type(ONCALL, "/approvals withdraw 1")
        home(desk, MANAGER, "Nothing waits for your decision.")
        assert desk.double.home(MARIA) is None

    def test_a_tab_that_would_say_the_same_is_let_be(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        """However much others do that is not in it."""
        monkeypatch.setattr(homes_module, "FOLLOW_EVERY", 0.05)
        rounds = threading.Semaphore(0)
        newest = desk.receiver.homes._newest
        assert newest is not None

        def counted() -> int:
            rounds.release()
            return newest()

        monkeypatch.setattr(desk.receiver.homes, "_newest", counted)
        open_home(desk, AUDITOR, "auditor")
        desk.type(MANAGER, "/access grant @maria operator")
        desk.settled()
        while rounds.acquire(blocking=False):
            pass
        for _ in range(3):  # the first may have begun before it, so the second has seen it and is over
            assert rounds.acquire(timeout=PATIENCE)
        desk.receiver.close()
        assert [call["args"]["user_id"] for call in desk.double.calls("views.publish")] == [AUDITOR]


class Publisher:
    """Counts publications, and holds them where a test wants that."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.go_on.set()
        self.at_once = 0
        self.most = 0
        self._lock = threading.Lock()

    def __call__(self, user: str) -> None:
        """Publish."""
        with self._lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        self.begun.release()
        assert self.go_on.wait(PATIENCE)
        with self._lock:
            self.at_once -= 1
            self.done.append(user)


class TestHomes:
    """When a tab is published, and when not."""

    def test_an_event_that_comes_again(self) -> None:
        """Shown once, however often Slack sends it; another opening is another event."""
        published = Publisher()
        homes = Homes(published)
        homes.opened("U1", "Ev1")
        assert published.begun.acquire(timeout=PATIENCE)
        homes.opened("U1", "Ev1")
        homes.opened("U1", "Ev1")
        homes.opened("U1", "Ev2")
        assert published.begun.acquire(timeout=PATIENCE)
        homes.close()
        assert published.done == ["U1", "U1"]

    def test_many_acts_are_one_publication(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Those of a moment are shown together."""
        monkeypatch.setattr(homes_module, "DEBOUNCE", 0.2)
        published = Publisher()
        homes = Homes(published)
        homes.opened("U1", "Ev1")
        assert published.begun.acquire(timeout=PATIENCE)
        for _ in range(20):
            homes.touched("U1")
        assert published.begun.acquire(timeout=PATIENCE)
        homes.close()
        assert published.done == ["U1", "U1"]

    def test_one_at_a_time_and_the_last_is_newest(self) -> None:
        """Two publications of one tab cannot overtake each other; what is asked meanwhile comes after."""
        published = Publisher()
        homes = Homes(published)
        published.go_on.clear()
        homes.opened("U1", "Ev1")
        assert published.begun.acquire(timeout=PATIENCE)
        for _ in range(5):
            homes.refresh("U1")
        published.go_on.set()
        homes.close()
        assert published.most == 1
        assert published.done == ["U1", "U1"]

    def test_only_who_opened_lately(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ten minutes after he opened it, or never: nothing follows."""
        monkeypatch.setattr(homes_module, "DEBOUNCE", 0.0)
        now = [1_000.0]
        monkeypatch.setattr(time, "monotonic", lambda: now[0])
        published = Publisher()
        homes = Homes(published)
        homes.opened("U1", "Ev1")
        assert published.begun.acquire(timeout=PATIENCE)
        homes.touched("U2")
        now[0] += homes_module.LATELY + 1
        homes.touched("U1")
        assert not homes._timers
        homes.close()
        assert published.done == ["U1"]

    def test_only_so_many_follow_others_and_only_when_somebody_acted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The latest opened; one that fails, or a number that cannot be read, ends nothing."""
        monkeypatch.setattr(homes_module, "FOLLOW_EVERY", 0.01)
        monkeypatch.setattr(homes_module, "MOST_FOLLOWED", 2)
        rounds = threading.Semaphore(0)
        newest, followed = [-1], list[str]()

        def look() -> int:
            rounds.release()
            if newest[0] < 0:
                raise ConnectionError("the database is away")
            return newest[0]

        def follow(user: str) -> None:
            followed.append(user)
            raise RuntimeError

        def some_rounds() -> None:
            while rounds.acquire(blocking=False):
                pass
            for _ in range(4):
                assert rounds.acquire(timeout=PATIENCE)

        homes = Homes(lambda _user: None, follow=follow, newest=look)
        for number in (1, 2, 3):
            homes.opened(f"U{number}", f"Ev{number}")
        newest[0] = 7
        some_rounds()
        assert set(followed[-2:]) == {"U2", "U3"}
        quiet = len(followed)
        newest[0] = -1
        some_rounds()
        assert len(followed) == quiet
        newest[0] = 8
        some_rounds()
        homes.close()
        assert len(followed) == quiet + 4, "once for the act, and once more for one that was committed late"

    def test_memory_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """However many people open theirs."""
        monkeypatch.setattr(homes_module, "MOST", 10)
        homes = Homes(lambda _user: None)
        for number in range(50):
            homes.opened(f"U{number}", f"Ev{number}")
        homes.close()
        assert len(homes._events) <= 11
        assert len(homes._opened) <= 11

    def test_one_that_fails_stops_nothing(self) -> None:
        """The next one is published all the same; closed, nothing is published, and nothing raises."""
        done: list[str] = []

        def publish(user: str) -> None:
            if user == "U1":
                raise RuntimeError
            done.append(user)

        homes = Homes(publish)
        homes.opened("U1", "Ev1")
        homes.opened("U2", "Ev2")
        homes.close()
        homes.opened("U3", "Ev3")
        assert done == ["U2"]


class TestCopies:
    """The copies of a request's card in the direct messages of who can decide and who asked."""

    @pytest.fixture
    def release(self, desk: Desk) -> Iterator[Desk]:
        """The kill switch is engaged, and somebody on call asks to release it."""
        desk.switches(engaged=True, ever_live=True)
        with desk.relay():
            desk.type(ONCALL, "/killswitch release the templates are fixed")
            yield desk

    def copy(self, desk: Desk, user: str, words: str) -> Message:
        """Wait for this person's copy in a state."""
        return desk.wait(
            lambda: next((item for item in desk.double.dms(user) if words in item["text"]), {}),
            f"“{words}” for {user}: {[item['text'] for item in desk.double.dms(user)]}",
        )

    def press(self, desk: Desk, user: str, copy: Message, label: str) -> Message:
        """Press a button of his copy; return the answer."""
        place = next(item["id"] for item in desk.double.channels(user) if item.get("is_im"))
        return desk.press_for_answer(user, copy, label, place)

    def test_deciding_on_ones_own_copy(self, release: Desk) -> None:
        """Approve there: done once; the channel's card and every copy say so, each the same message as before."""
        wanted = {user: self.copy(release, user, "APPROVAL WANTED") for user in (MANAGER, SECOND, ONCALL)}
        card = release.card("governance", "APPROVAL WANTED")
        assert "Approve…" in labels(wanted[MANAGER])
        assert labels(wanted[ONCALL]) == ["Withdraw"]
        self.press(release, MANAGER, wanted[MANAGER], "Approve…")
        assert release.card("governance", "APPROVED")["ts"] == card["ts"]
        for user, before in wanted.items():
            after = self.copy(release, user, "APPROVED")
            assert after["ts"] == before["ts"]
            assert "Approve…" not in labels(after)
            assert "Withdraw" not in labels(after)
        assert len(release.audit("approvals.approve", "done")) == 1

    def test_the_second_copy_is_refused(self, release: Desk) -> None:
        """Pressed on another copy before that was edited: already decided, and by whom."""
        first, second = (self.copy(release, user, "APPROVAL WANTED") for user in (MANAGER, SECOND))
        self.press(release, MANAGER, first, "Approve…")
        _, button, _ = find(second, "Approve…")
        answer = spoken(release.press_planted(SECOND, button["action_id"], button["value"]))
        assert f"already approved by <@{MANAGER}>" in answer
        assert len(release.audit("approvals.approve", "done")) == 1

    def test_withdrawing_on_ones_own_copy(self, release: Desk) -> None:
        """The requester takes it back where he sees it; the deciders' copies say so."""
        mine = self.copy(release, ONCALL, "APPROVAL WANTED")
        self.press(release, ONCALL, mine, "Withdraw")
        for user in (MANAGER, SECOND, ONCALL):
            self.copy(release, user, "WITHDRAWN")
        assert len(release.audit("approvals.withdraw", "done")) == 1

    def test_nobody_else_gets_one(self, release: Desk) -> None:
        """Neither who has no say in it, nor who becomes a manager afterwards."""
        self.copy(release, MANAGER, "APPROVAL WANTED")
        release.hire(MARIA, Role.MANAGER, since=release.clock())
        self.press(release, MANAGER, self.copy(release, MANAGER, "APPROVAL WANTED"), "Approve…")
        self.copy(release, SECOND, "APPROVED")
        for user in (MARIA, OPERATOR, AUDITOR):
            assert not [item for item in release.double.dms(user) if "APPROV" in item["text"]]
