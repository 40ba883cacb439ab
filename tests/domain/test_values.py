"""Words become values or are explained, never an exception; and values survive their rows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.canonical import digest, stable, text_of
from domain.money import LARGEST, from_cents, parse_amount, to_cents
from domain.operation import AnyOperation
from domain.outcomes import Refused
from domain.parameters import Amount, Arg, ChannelRef, Flag, Instant, Number, Params, Text, UserId, describe, parse
from domain.registry import build_registry
from tests.domain.gate.test_order import good_params

NOW = datetime(2026, 11, 24, 15, tzinfo=UTC)
ZONE = ZoneInfo("America/Toronto")
PUBLIC = build_registry().public()
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
WORDS = st.sampled_from(
    [
        "9" * 40,
        "1e999",
        "NaN",
        "-inf",
        "0001-01-01",
        "9999-12-31T23:59",
        "²",
        "٣",
        "\x00",
        "<@U1>",
        "#",
        "$",
        "1,,2",
        "T-",
    ]
)


class Everything(Params):
    """One of each."""

    amount: Amount | None = None
    when: Instant | None = None
    number: Number | None = None
    flag: Flag | None = None
    words: Annotated[Text | None, Arg("words", "words")] = None


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(["amount", "when", "number", "flag", "words", "other"]), JSON | WORDS))
def test_no_value_of_any_kind_raises(raw: dict[str, Any]) -> None:
    """Whatever comes in, the answer is typed parameters or a refusal that names a parameter."""
    found = parse(Everything, raw, now=NOW, zone=ZONE)
    if isinstance(found, Refused):
        assert found.field in raw
        assert found.remedy
    else:
        assert isinstance(found, Everything)
        assert Everything.model_validate(found.model_dump(mode="json")) == found


@settings(max_examples=300)
@given(st.sampled_from(PUBLIC), st.data())
def test_no_call_of_any_operation_raises(operation: AnyOperation, data: st.DataObject) -> None:
    """Every operation, any JSON under its names: parameters or a refusal."""
    names = [parameter.name for parameter in describe(operation.params)] or ["x"]
    raw = data.draw(st.dictionaries(st.sampled_from(names), JSON | WORDS))
    parse(operation.params, raw, now=NOW, zone=ZONE)


@pytest.mark.parametrize("operation", PUBLIC, ids=[operation.name for operation in PUBLIC])
def test_parameters_survive_their_row(operation: AnyOperation) -> None:
    """Approvals and held work keep parameters as JSON and read them back: they must be the same."""
    found = parse(operation.params, good_params(operation.params), now=NOW, zone=ZONE)
    assert not isinstance(found, Refused), found
    kept = found.model_dump(mode="json")
    again = operation.params.model_validate(kept, context={"now": NOW + timedelta(days=1), "zone": ZONE})
    assert again == found
    assert digest(again) == digest(found)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("450000", "450000.00"), ("450k", "450000.00"), ("1.2M", "1200000.00"), ("$450,000", "450000.00"),
        (" 12.5 ", "12.50"), ("0", "0.00"), ("0.01", "0.01"), ("999999999999.99", "999999999999.99"),
    ],
)  # fmt: skip
def test_what_people_type_for_money(text: str, amount: str) -> None:
    """Plain, in thousands, in millions, with a sign and with commas."""
    assert parse_amount(text) == Decimal(amount)
    assert from_cents(to_cents(parse_amount(text))) == Decimal(amount)


@pytest.mark.parametrize(
    "text", ["", "-5", "NaN", "inf", "1e5", "12.345", "0.001k0", "1000000000000", "9" * 40, "1.2.3", "k", "450 kk", "$"]
)
def test_what_is_no_money(text: str) -> None:
    """Negative, not finite, over two decimals, too large: a `ValueError` with the reason."""
    with pytest.raises(ValueError, match=r"is|has"):
        parse_amount(text)


@pytest.mark.parametrize(
    "text", ["99,50", "1,50", "450 000,00", "1,2,3", "1,000,0", "1 000,000", "1,000 000", "0,5", "12345,678", "1,5k"]
)
def test_a_comma_that_parts_no_thousands_is_no_money(text: str) -> None:
    """Who writes cents after a comma, as in French, is told so: `99,50` is not 9,950 dollars."""
    with pytest.raises(ValueError, match="comma"):
        parse_amount(text)


def test_spaces_may_part_thousands() -> None:
    """The plain one, the one that never breaks and the narrow one, as Slack and spreadsheets write them."""
    assert {parse_amount(f"$1{space}450{space}000.50") for space in " \u00a0\u202f"} == {Decimal("1450000.50")}


@pytest.mark.parametrize(
    ("name", "field", "fits", "wrong"),
    [
        ("risk.settle", "reservation_id", "R-12", "O-12"), ("risk.void", "reservation_id", "r12", "A-12"),
        ("risk.resume", "hold_id", "H-12", "R-12"), ("approvals.approve", "approval_id", "A-12", "T-12"),
        ("approvals.signoff", "break_glass_id", "B-12", "A-12"), ("followup.complete", "task_id", "#F-12", "R-12"),
        ("heimdall.require", "recommendation_id", "RC-12", "R-12"), ("alerts.ack", "alert_id", "T-12", "A-12"),
    ],
)  # fmt: skip
def test_the_number_of_another_thing_is_none_of_this_one(name: str, field: str, fits: str, wrong: str) -> None:
    """`/risk settle O-2047` must not settle R-2047, whatever that is; a bare number is taken."""
    operation = next(each for each in PUBLIC if each.name == name)
    good = good_params(operation.params)
    for typed in (fits, "12", 12):
        found = parse(operation.params, {**good, field: typed}, now=NOW, zone=ZONE)
        assert getattr(found, field) == 12, found
    refusal = parse(operation.params, {**good, field: wrong}, now=NOW, zone=ZONE)
    assert isinstance(refusal, Refused)
    assert refusal.field == field
    assert "something else" in refusal.detail


@given(st.text(max_size=50))
def test_any_text_is_money_or_a_value_error(text: str) -> None:
    """Never another exception, never a negative or an endless amount."""
    try:
        amount = parse_amount(text)
    except ValueError:
        return
    assert 0 <= amount < LARGEST
    assert amount == amount.quantize(Decimal("0.01"))


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_equal_things_have_equal_text(value: dict[str, Any]) -> None:
    """The order of keys is no difference, and what is stable stays as it is."""
    backwards = dict(reversed(list(value.items())))
    assert text_of(value) == text_of(backwards)
    assert stable(stable(value)) == stable(value)


def test_a_moment_has_one_text_in_every_zone() -> None:
    """The hash of an entry does not depend on where it was written."""
    assert digest(NOW) == digest(NOW.astimezone(ZONE))
    assert digest(NOW) != digest(NOW + timedelta(microseconds=1))


class Places(Params):
    """Somebody and somewhere."""

    user: UserId
    channel: ChannelRef


@pytest.mark.parametrize(("user", "channel"), [("U1", "C1"), ("W12", "G0OPS"), ("U0123456789", "C0123456789")])
def test_an_id_of_any_length_means_the_same_when_it_is_read_again(user: str, channel: str) -> None:
    """A mention is read when it is typed, kept as its id, and read again when it runs."""
    typed = {"user": f"<@{user}|maria>", "channel": f"<#{channel}|ops>"}
    found = parse(Places, typed, now=NOW, zone=ZONE, has_mentions=True)
    assert isinstance(found, Places), found
    assert (found.user, found.channel) == (user, channel)
    assert parse(Places, found.model_dump(mode="json"), now=NOW, zone=ZONE) == found
