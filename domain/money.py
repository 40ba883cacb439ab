"""Canadian dollars: integer cents in rows, `Decimal` in code, never a float (spec/2)."""

import re
from decimal import Decimal, InvalidOperation

_AMOUNT = re.compile(r"^\$?\s*(?P<number>\d[\d,\u00a0 ]*(?:\.\d+)?)\s*(?P<scale>[kKmM])?$")
_SCALE = {"": 1, "k": 1_000, "m": 1_000_000}
LARGEST = Decimal(1_000_000_000_000)


def parse_amount(text: str) -> Decimal:
    """Read what people type for money: `450000`, `450k`, `1.2M`, `$450,000`.

    Raises `ValueError` with the reason for anything else, for more than two decimals, and for a trillion or more.
    """
    match = _AMOUNT.match(text.strip())
    if match is None:
        raise ValueError("is not an amount of dollars")
    digits = re.sub(r"[,\u00a0 ]", "", match["number"])
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
