"""How a seller is known again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.leads.rules import (
    ConsentBasis,
    Known,
    consent_until,
    months_after,
    postal_code_in,
    property_key,
    survivor,
)

T0 = datetime(2026, 8, 31, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "spelling",
    [
        ("12 Elm Street, Calgary", "T2P 1J9"),
        ("12 elm st", "T2P 1J9"),
        ("  12  ELM   ST., Calgary AB T2P1J9", None),
        ("12 Élm Street, Calgary, t2p 1j9", None),
    ],
)
def test_two_spellings_of_one_property_are_equal(spelling: tuple[str, str | None]) -> None:
    assert property_key(*spelling) == "T2P1J9 12 elm st"


@pytest.mark.parametrize(
    ("address", "code"), [(None, "T2P 1J9"), ("12 Elm Street, Calgary", None), ("", "T2P 1J9"), (" , ", "T2P 1J9")]
)
def test_without_address_or_postal_code_nothing_is_recognised(address: str | None, code: str | None) -> None:
    assert property_key(address, code) is None


def test_the_same_street_elsewhere_is_another_property() -> None:
    assert property_key("12 Elm Street", "T2P 1J9") != property_key("12 Elm Street", "M5V 2T6")
    assert property_key("12 Elm Street", "T2P 1J9") != property_key("14 Elm Street", "T2P 1J9")


@pytest.mark.parametrize(
    ("text", "expected"), [("M5V2T6", "M5V 2T6"), ("on m5v-2t6", "M5V 2T6"), ("D5V 2T6", None), (None, None)]
)
def test_postal_codes(text: str | None, expected: str | None) -> None:
    assert postal_code_in(text) == expected


def test_an_inquiry_lasts_six_calendar_months_a_purchase_two_years_and_an_express_consent_for_good() -> None:
    assert consent_until(ConsentBasis.INQUIRY, T0) == datetime(2027, 2, 28, 15, 0, tzinfo=UTC)
    assert consent_until(ConsentBasis.PURCHASE, T0) == datetime(2028, 8, 31, 15, 0, tzinfo=UTC)
    assert consent_until(ConsentBasis.CONTRACT, T0) == datetime(2028, 8, 31, 15, 0, tzinfo=UTC)
    assert consent_until(ConsentBasis.EXPRESS, T0) is None


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)), st.integers(0, 48))  # noqa: DTZ001
def test_months_after_keeps_the_day_or_takes_the_last_of_the_month(moment: datetime, months: int) -> None:
    later = months_after(moment, months)
    assert (later.year * 12 + later.month) - (moment.year * 12 + moment.month) == months
    assert later.day == moment.day or (later.day < moment.day and (later + timedelta(days=1)).day == 1)


@given(st.permutations([Known("L1", T0), Known("L2", T0 - timedelta(days=1)), Known("L3", T0, has_open_ladder=True)]))
def test_the_one_being_worked_on_stays_then_the_oldest(known: list[Known]) -> None:
    assert survivor(known).lead_id == "L3"
    assert survivor([one for one in known if not one.has_open_ladder]).lead_id == "L2"
