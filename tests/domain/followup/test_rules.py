"""The ladder's rules as pure functions."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.followup.rules import (
    EFFECTS,
    LATE_AFTER,
    PROMISE,
    STEPS,
    FollowupOutcome,
    Hindrance,
    Lateness,
    OpenStep,
    callback_step,
    ends_ladder,
    hindrance,
    is_held,
    lateness,
    minutes,
    moved_by_callback,
    sla_verdict,
)
from domain.followup.words import words_for
from domain.leads.rules import Channel, Consent, Contact, ContactKind, Reach
from domain.prime_law.rules import Stop

T0 = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
spans = st.timedeltas(min_value=timedelta(hours=-3), max_value=timedelta(hours=6))


def test_six_steps_from_arrival() -> None:
    assert [(plan.channel.value, plan.after) for plan in STEPS] == [
        ("SMS", timedelta(0)),
        ("CALL", timedelta(minutes=30)),
        ("SMS", timedelta(hours=3)),
        ("CALL", timedelta(days=1)),
        ("SMS", timedelta(days=3)),
        ("CALL", timedelta(days=7)),
    ]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(0), Lateness.ON_TIME),
        (LATE_AFTER, Lateness.ON_TIME),
        (LATE_AFTER + TICK, Lateness.LATE),
        (PROMISE, Lateness.LATE),
        (PROMISE + TICK, Lateness.BROKEN),
    ],
)
def test_late_past_30_minutes_broken_past_2_hours(after: timedelta, expected: Lateness) -> None:
    assert lateness(T0, T0 + after) is expected


@given(spans)
def test_a_step_done_in_time_is_kept_exactly_while_it_is_not_broken(after: timedelta) -> None:
    assert sla_verdict(T0, T0 + after, ()) is (lateness(T0, T0 + after) is not Lateness.BROKEN)


@given(after=spans, start=spans, length=st.none() | st.timedeltas(TICK, timedelta(hours=8)))
def test_a_stop_inside_the_two_hours_excuses_and_one_outside_does_not(
    after: timedelta, start: timedelta, length: timedelta | None
) -> None:
    stop = Stop(T0 + start, None if length is None else T0 + start + length)
    end = max(min(T0 + after, T0 + PROMISE), T0 + TICK)
    touches = stop.since < end and (stop.until is None or stop.until > T0)
    verdict = sla_verdict(T0, T0 + after, [stop])
    assert (verdict is None) is touches
    if not touches:
        assert verdict is (after <= PROMISE)


def test_every_outcome_has_its_effect() -> None:
    assert set(EFFECTS) == set(FollowupOutcome)
    assert {outcome for outcome in FollowupOutcome if EFFECTS[outcome].ends_ladder} == {
        FollowupOutcome.INTERESTED, FollowupOutcome.NOT_INTERESTED, FollowupOutcome.SOLD, FollowupOutcome.ASKED_TO_STOP,
    }  # fmt: skip
    assert [outcome for outcome in FollowupOutcome if EFFECTS[outcome].suppresses] == [FollowupOutcome.ASKED_TO_STOP]
    assert [outcome for outcome in FollowupOutcome if EFFECTS[outcome].hands_over] == [FollowupOutcome.INTERESTED]
    assert [outcome for outcome in FollowupOutcome if EFFECTS[outcome].retires_number] == [FollowupOutcome.WRONG_NUMBER]


@pytest.mark.parametrize("outcome", FollowupOutcome)
def test_only_a_wrong_number_asks_whether_there_is_another(outcome: FollowupOutcome) -> None:
    with_one = ends_ladder(outcome, has_another_number=True)
    without = ends_ladder(outcome, has_another_number=False)
    assert (with_one != without) is (outcome is FollowupOutcome.WRONG_NUMBER)


steps = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 10_000), st.booleans()), max_size=6, unique_by=lambda one: one[0]
).map(lambda found: [OpenStep(step, step, T0 + timedelta(minutes=due), held) for step, due, held in found])


@given(steps, st.integers(1, 20_000))
def test_a_callback_comes_at_the_named_time_and_nothing_after_it_comes_before(
    open_steps: list[OpenStep], later: int
) -> None:
    at = T0 + timedelta(minutes=later)
    moved = moved_by_callback(open_steps, at)
    first = callback_step(open_steps)
    if first is None:
        assert all(step.is_held for step in open_steps)
        assert moved == {}
        return
    assert moved[first.task_id] == at
    by_id = {step.task_id: step for step in open_steps}
    for task_id, due in moved.items():
        assert not by_id[task_id].is_held
        if task_id != first.task_id:
            assert due - at == by_id[task_id].due_at - first.due_at
            assert due > by_id[task_id].due_at


@pytest.mark.parametrize(
    ("by", "until", "held"),
    [(None, None, False), ("U1", T0, False), ("U1", T0 + TICK, True), ("U1", None, False), (None, T0 + TICK, False)],
)
def test_a_lease_that_passed_keeps_nobody_away(by: str | None, until: datetime | None, held: bool) -> None:
    assert is_held(by, until, T0) is held


@pytest.mark.parametrize(("seconds", "expected"), [(0, 0), (1, 1), (60, 1), (61, 2), (1200, 20)])
def test_minutes_are_rounded_up(seconds: int, expected: int) -> None:
    assert minutes(timedelta(seconds=seconds)) == expected


PHONE = Contact(1, ContactKind.PHONE, "+12045550142")
CONSENT = Consent(ContactKind.PHONE, PHONE.value, Channel.SMS, "inquiry", T0 + timedelta(days=1))


@pytest.mark.parametrize(
    ("reach", "channel", "expected"),
    [
        (Reach((PHONE,)), Channel.CALL, None),
        (Reach((PHONE,)), Channel.SMS, Hindrance.NO_CONSENT),
        (Reach((PHONE,), (CONSENT,)), Channel.SMS, None),
        (Reach(), Channel.CALL, Hindrance.NO_NUMBER),
        (Reach((Contact(1, ContactKind.PHONE, PHONE.value, is_retired=True),)), Channel.CALL, Hindrance.NO_NUMBER),
        (Reach((Contact(1, ContactKind.EMAIL, "a@b.ca"),)), Channel.CALL, Hindrance.NO_NUMBER),
        (
            Reach((PHONE, Contact(2, ContactKind.EMAIL, "a@b.ca", is_suppressed=True)), (CONSENT,)),
            Channel.SMS,
            Hindrance.SUPPRESSED,
        ),
    ],
)
def test_what_stands_in_the_way(reach: Reach, channel: Channel, expected: Hindrance | None) -> None:
    found = hindrance(reach, channel, T0)
    assert (found.code if found else None) is expected


def test_a_lapsed_consent_and_one_of_another_number_do_not_count() -> None:
    other = Consent(ContactKind.PHONE, "+14035550199", Channel.SMS, "express", None)
    found = hindrance(Reach((PHONE,), (CONSENT, other)), Channel.SMS, T0 + timedelta(days=1))
    assert found is not None
    assert found.code is Hindrance.NO_CONSENT


@pytest.mark.parametrize("step", range(1, 9))
@pytest.mark.parametrize("channel", [Channel.SMS, Channel.CALL])
@pytest.mark.parametrize(("province", "language"), [("ON", "en"), ("ON", "fr"), ("QC", "en"), ("QC", "fr")])
def test_words_name_us_and_texts_say_how_to_opt_out(step: int, channel: Channel, province: str, language: str) -> None:
    words = words_for(
        step, channel, language=language, province=province, business="Northern Door Homes", seller="{Ruth}",
        address="12 Elm Street, Calgary",
    )  # fmt: skip
    assert "Northern Door Homes" in words
    assert "12 Elm Street" in words
    assert "{Ruth}" in words
    is_text = channel is Channel.SMS
    assert ("STOP" in words) is (is_text and (language == "en" or province == "QC"))
    assert ("ARRÊT" in words) is (is_text and (language == "fr" or province == "QC"))
