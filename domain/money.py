"""Canadian dollars: integer cents in rows, `Decimal` in code, never a float (spec/2)."""

import re
from decimal import Decimal, InvalidOperation

_SPACES = " \u00a0\u202f"
_AMOUNT = re.compile(
    rf"\$?\s*(?P<number>(?:\d{{1,3}}(?:(?P<by>[,{_SPACES}])\d{{3}}(?:(?P=by)\d{{3}})*)?|\d+)(?:\.\d+)?)\s*"
    r"(?P<scale>[kKmM])?",
    re.ASCII,
)
_WITH_COMMA = re.compile(rf"\$?\s*[\d,{_SPACES}]*,[\d,{_SPACES}]*\s*[kKmM]?", re.ASCII)
_SCALE = {"": 1, "k": 1_000, "m": 1_000_000}
LARGEST = Decimal(1_000_000_000_000)


def parse_amount(text: str) -> Decimal:
    """Read what people type for money: `450000`, `450k`, `1.2M`, `$450,000`.

    A comma or a space stands before three digits each: `99,50` is no amount, neither 9,950 nor 99.50.

    Raises `ValueError` with the reason for anything else, for more than two decimals, and for a trillion or more.
    """
    match = _AMOUNT.fullmatch(text.strip())
    if match is None:
        if _WITH_COMMA.fullmatch(text.strip()):
            raise ValueError("has a comma that parts no thousands: cents come after a point, `99.50`")
        raise ValueError("is not an amount of dollars")
    digits = re.sub(rf"[,{_SPACES}]", "", match["number"])
    try:
        amount = Decimal(digits) * _SCALE[(match["scale"] or "").lower()]
    except InvalidOperation as error:
        raise ValueError("is not an amount of dollars") from error
    if amount >= LARGEST:
        raise ValueError("is too large")
    if amount != amount.quantize(Decimal("0.01")):
        raise ValueError("has more than two decimals")
    return amount.quantize(Decimal("0.01"))


def to_cents(amount: Decimal) -> int:
    """Return whole cents; raises `ValueError` where the amount is not finite or has a fraction of a cent."""
    if not amount.is_finite():
        raise ValueError("is not a finite amount")
    cents = amount * 100
    if cents != cents.to_integral_value():
        raise ValueError("has more than two decimals")
    return int(cents)


def from_cents(cents: int) -> Decimal:
    """Return dollars with two decimals."""
    return (Decimal(cents) / 100).quantize(Decimal("0.01"))


def dollars(amount: Decimal) -> str:
    """Show an amount to a reader: `$1,500`, `$12.50`."""
    whole = amount == amount.to_integral_value()
    return f"${amount:,.0f}" if whole else f"${amount:,.2f}"
