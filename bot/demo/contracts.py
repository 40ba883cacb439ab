"""How many of the demo's offers became contracts, as data: eight weeks that were as usual, and a fall."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

MARKETS = ("Calgary", "Hamilton", "Halifax", "Winnipeg")
WEEKS = timedelta(weeks=8)
OFFERS = 1_200
USUAL = 41
"""Contracts in a hundred offers, most days."""
FALLEN = {"Calgary": 3, "Hamilton": 12, "Halifax": 12, "Winnipeg": 12}
"""The same after the fall, by market."""
FALL = 300
FALL_TAKES = timedelta(hours=3)


def usual_weeks(now: datetime) -> list[dict[str, Any]]:
    """Return the offers of eight weeks up to an hour ago, spread evenly."""
    step = (WEEKS - timedelta(hours=1)) / OFFERS
    rates = dict.fromkeys(MARKETS, USUAL)
    return list(_events("week", now - WEEKS, step, OFFERS, rates))


def fall(name: str, now: datetime) -> list[dict[str, Any]]:
    """Return the offers of three hours in which few became contracts; `name` makes their ids their own."""
    return list(_events(name, now - FALL_TAKES, FALL_TAKES / FALL, FALL, FALLEN))


def _events(name: str, since: datetime, step: timedelta, count: int, rates: dict[str, int]) -> Iterator[dict[str, Any]]:
    owed = dict.fromkeys(rates, 0)
    for number in range(count):
        market = MARKETS[number % len(MARKETS)]
        owed[market] += rates[market]
        success, owed[market] = owed[market] >= 100, owed[market] % 100  # noqa: PLR2004 - of a hundred
        yield {
            "domain": "WHOLESALE", "metric": "contract_rate", "success": success, "event_id": f"{name}-{number}",
            "occurred_at": (since + step * number).isoformat(), "market": market,
        }  # fmt: skip
