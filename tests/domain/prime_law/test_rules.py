"""Prime Law's table as a pure rule, and the spans without production."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.operation import ExecutionClass
from domain.prime_law.rules import PrimeState, Stop, may_act, refusal, stops_from, was_stopped

O, G, S, P = ExecutionClass  # noqa: E741 - the letters of the spec's table
TABLE = {  # class → (go-live off, live, off and engaged, live and engaged)
    O: (True, True, True, True),
    G: (True, True, True, True),
    S: (True, True, False, False),
    P: (False, True, False, False),
}
T0 = datetime(2026, 11, 24, 12, tzinfo=UTC)


def state(*, live: bool, engaged: bool) -> PrimeState:
    return PrimeState(go_live_enabled=live, kill_switch_engaged=engaged, version=3, engaged_by="U1", engaged_at=T0)


@given(klass=st.sampled_from(ExecutionClass), live=st.booleans(), engaged=st.booleans(), reduces=st.booleans())
def test_the_whole_table(klass: ExecutionClass, live: bool, engaged: bool, reduces: bool) -> None:
    """Every class in every state of the switches is what the table of spec/1 says; ↓ always may."""
    expected = reduces or TABLE[klass][2 * engaged + live]
    now = state(live=live, engaged=engaged)
    assert may_act(now, klass, reduces=reduces) is expected
    assert (refusal(now, klass, reduces=reduces) is None) is expected


@given(klass=st.sampled_from(ExecutionClass), live=st.booleans(), engaged=st.booleans(), reduces=st.booleans())
def test_engaging_never_allows_more(klass: ExecutionClass, live: bool, engaged: bool, reduces: bool) -> None:
    """The safe direction: what may act while engaged, or while off, may act otherwise too."""
    if may_act(state(live=live, engaged=True), klass, reduces=reduces):
        assert may_act(state(live=live, engaged=False), klass, reduces=reduces)
    if may_act(state(live=False, engaged=engaged), klass, reduces=reduces):
        assert may_act(state(live=True, engaged=engaged), klass, reduces=reduces)


def test_a_refusal_names_layer_figures_since_and_remedy() -> None:
    """The kill switch comes first, and go-live being off as well is said."""
    found = refusal(state(live=False, engaged=True), P, reduces=False)
    assert found is not None
    assert (found.kind.value, found.code, found.layer) == ("prime_law", "kill_switch_engaged", "Prime Law")
    assert "<@U1>" in found.detail
    assert "off as well" in found.detail
    assert found.figures["since"] == T0.isoformat()
    assert [button.operation for button in found.buttons] == ["killswitch.release"]
    assert "off as well" not in getattr(refusal(state(live=True, engaged=True), P, reduces=False), "detail", "")
    assert "off as well" not in getattr(refusal(state(live=False, engaged=True), S, reduces=False), "detail", "")
    off = refusal(state(live=False, engaged=False), P, reduces=False)
    assert off is not None
    assert (off.code, off.figures["go_live_enabled"]) == ("go_live_off", False)


@given(st.lists(st.tuples(st.integers(0, 1000), st.booleans()), max_size=20), st.booleans(), st.integers(0, 1000))
def test_the_spans_are_what_the_history_says(history: list[tuple[int, bool]], initially: bool, minute: int) -> None:
    """At every moment, production is stopped by the spans exactly where the last change stopped it."""
    changes = [(T0 + timedelta(minutes=at), allowed) for at, allowed in sorted(history, key=lambda change: change[0])]
    stops = stops_from(changes, initially_allowed=initially)
    at = T0 + timedelta(minutes=minute, seconds=30)
    allowed = initially
    for when, then in changes:
        if when <= at:
            allowed = then
    assert was_stopped(stops, at, at + timedelta(seconds=1)) is not allowed


def test_a_stop_touches_a_span_only_from_inside() -> None:
    """A stop that ends when the span begins, or begins when it ends, does not count."""
    stops = (Stop(T0, T0 + timedelta(minutes=5)),)
    hour = timedelta(hours=1)
    assert not was_stopped(stops, T0 + timedelta(minutes=5), T0 + hour)
    assert not was_stopped(stops, T0 - hour, T0)
    assert was_stopped(stops, T0 + timedelta(minutes=4, seconds=59), T0 + hour)
    assert was_stopped((Stop(T0, None),), T0 + hour, T0 + 2 * hour)
