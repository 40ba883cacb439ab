"""The pure rules of delivery."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.act import Form, Priority
from domain.delivery import rules
from domain.delivery.rules import Ask, Lane, Send, Superseded, Verdict, Wait, Waiting

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
ROUTES = {"governance": "#gov", "oncall": "C0ONCALL"}

waiting = st.builds(
    Waiting,
    id=st.integers(1, 50),
    form=st.sampled_from(Form),
    is_due=st.booleans(),
    is_outcome_unknown=st.booleans(),
    is_sending=st.just(False),
)
things = st.lists(waiting, min_size=1, max_size=6, unique_by=lambda row: row.id)


class TestNextStep:
    @given(things, st.booleans())
    def test_only_the_newest_version_of_a_card_is_ever_sent(self, thing: list[Waiting], has_message: bool) -> None:
        """Whatever row's turn it is."""
        newest = max((row.id for row in thing if row.form is Form.CARD), default=None)
        for row in thing:
            step = rules.next_step(row, thing, shown=None, has_message=has_message)
            if isinstance(step, Send) and row.form is Form.CARD:
                assert step.id == newest

    @given(things, st.booleans())
    def test_while_anything_of_the_thing_is_being_sent_the_rest_waits(
        self, thing: list[Waiting], has_message: bool
    ) -> None:
        """Two senders never work on one thing."""
        other = Waiting(99, Form.CARD, is_due=True, is_sending=True)
        for row in thing:
            assert rules.next_step(row, [*thing, other], shown=None, has_message=has_message) == Wait()

    @given(things)
    def test_a_first_post_without_an_answer_is_asked_about_before_anything_new(self, thing: list[Waiting]) -> None:
        """Otherwise one thing would get two messages."""
        unknown = [row for row in thing if row.form is Form.CARD and row.is_outcome_unknown]
        for row in (row for row in thing if row.form is Form.CARD):
            step = rules.next_step(row, thing, shown=None, has_message=False)
            if unknown:
                first = min(unknown, key=lambda found: found.id)
                assert step == (Ask(first.id) if first.is_due else Wait())

    @given(things)
    def test_a_reply_waits_for_its_card(self, thing: list[Waiting]) -> None:
        """It goes by itself only where no card will come."""
        for row in (row for row in thing if row.form is Form.THREAD and not row.is_outcome_unknown):
            has_card = any(other.form is Form.CARD for other in thing)
            expected = Wait() if has_card else Send(row.id)
            assert rules.next_step(row, thing, shown=None, has_message=False) == expected
            assert rules.next_step(row, thing, shown=3, has_message=True) == Send(row.id)

    def test_an_older_version_than_the_one_shown_is_not_sent(self) -> None:
        """A dead letter tried again after its thing has moved on."""
        row = Waiting(4, Form.CARD, is_due=True)
        assert rules.next_step(row, [row], shown=7, has_message=True) == Superseded(7)


class TestErrors:
    @pytest.mark.parametrize("error", [*rules.MEANINGS, "restricted_action_read_only_channel", "never_seen"])
    def test_every_error_has_a_cure_in_words(self, error: str) -> None:
        """A person reads what to do, not a code alone."""
        assert len(rules.meaning(error).cure.split()) > 4
        assert rules.cure("dead", f"{error} (needs chat:write)".replace(" (", ": (")) == rules.meaning(error).cure

    @pytest.mark.parametrize(
        "error", ["account_inactive", "token_revoked", "token_expired", "invalid_auth", "not_authed", "missing_scope"]
    )
    def test_what_is_wrong_with_the_token_stops_the_sender(self, error: str) -> None:
        """Nothing else would help."""
        assert rules.meaning(error).verdict is Verdict.STOP

    def test_an_unknown_error_is_a_dead_letter_not_a_loop(self) -> None:
        """What nobody foresaw is shown, and not tried for ever."""
        assert rules.meaning("never_seen").verdict is Verdict.DEAD


class TestWaiting:
    @given(st.integers(-3, 10_000))
    def test_back_off_grows_and_stays_short(self, attempts: int) -> None:
        """Slack coming back is noticed within seconds."""
        assert timedelta(seconds=1) <= rules.back_off(attempts) <= timedelta(seconds=5)
        assert rules.back_off(attempts) <= rules.back_off(attempts + 1)

    @given(st.floats(-5, 1e9, allow_nan=False))
    def test_a_pause_is_what_slack_says_within_reason(self, seconds: float) -> None:
        """Never shorter than asked for, up to ten minutes."""
        pause = rules.pause(seconds)
        assert timedelta(seconds=1) <= pause <= rules.LONGEST_PAUSE
        if 1 <= seconds <= 600:
            assert pause == timedelta(seconds=seconds)

    @given(st.lists(st.tuples(st.floats(0, 3), st.booleans()), max_size=60))
    def test_a_lane_posts_about_one_a_second_after_a_burst(self, steps: list[tuple[float, bool]]) -> None:
        """In any span there are at most three more posts than seconds."""
        now, paced, sent = NOW, None, 0
        for wait, is_edit in steps:
            now += timedelta(seconds=wait)
            if not rules.is_paced_out(paced, now):
                paced = rules.paced(paced, now, is_edit=is_edit)
                sent += 0 if is_edit else 1
        assert sent <= (now - NOW).total_seconds() + 3


class TestLanes:
    @pytest.mark.parametrize(
        ("destination", "lane"),
        [
            ("route:governance", "gov"),
            ("route:oncall", "C0ONCALL"),
            ("route:nobody", "C0ONCALL"),
            ("user:U1", "user:U1"),
            ("channel:#deals", "deals"),
        ],
    )
    def test_a_destination_has_one_lane(self, destination: str, lane: str) -> None:
        """An unknown kind goes to whoever is on call rather than nowhere."""
        assert rules.lane_of(destination, ROUTES) == lane

    def test_two_kinds_with_one_channel_share_its_lane(self) -> None:
        """One sender at a time per channel."""
        routes = {"governance": "#ops", "oncall": "ops"}
        assert rules.lane_of("route:governance", routes) == rules.lane_of("route:oncall", routes)

    def test_a_paused_or_held_lane_does_not_go_however_urgent(self) -> None:
        """Slack's pause and another sender's lease come before priority."""
        soon = NOW + timedelta(seconds=1)
        assert not rules.may_go(Lane(None, None, soon, None), NOW, priority=Priority.SWITCH)
        assert not rules.may_go(Lane("other", soon, None, None), NOW, priority=Priority.SWITCH)
        assert rules.may_go(Lane("other", NOW, NOW, None), NOW, priority=Priority.DIGEST)

    def test_only_what_is_urgent_overtakes_the_pace(self) -> None:
        """A switch does not wait behind digests."""
        ahead = Lane(None, None, None, NOW + timedelta(seconds=30))
        assert rules.may_go(ahead, NOW, priority=Priority.SWITCH)
        assert not rules.may_go(ahead, NOW, priority=Priority.APPROVAL)


@given(st.sampled_from(["route:governance", "route:oncall", "user:U1"]), st.booleans())
def test_telling_of_a_failure_ends_even_if_everything_fails(destination: str, is_alert: bool) -> None:
    """Every message that fails may cause others; if those fail as well, there is an end."""
    failures = [(destination, is_alert, "delivery:other")]
    count = 0
    while failures:
        where, alert, about = failures.pop()
        count += 1
        assert count < 10
        next_way = rules.escalate(where, is_alert=alert, is_about_itself=about == f"delivery:{where}")
        if next_way.raise_alert:
            failures.append(("route:oncall", True, f"delivery:{where}"))
        if next_way.tell_owners:
            failures.append(("user:UOWNER", True, about))
