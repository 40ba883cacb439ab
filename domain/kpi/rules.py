"""Reading reported events: every figure checked by name, nothing guessed; pure."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

LONGEST_ID = 128
LONGEST_WORD = 64
LONGEST_DETAIL = 2_000
LARGEST = 1e15
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
AHEAD = timedelta(minutes=5)
"""How far a reporter's clock may be ahead of ours."""
MOST_EVENTS = 20_000
_DOMAIN = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_METRIC = re.compile(r"[a-z][a-z0-9_]{0,63}")
FIELDS = frozenset(
    {"domain", "metric", "success", "value", "event_id", "occurred_at", "source", "market", "correlation_id", "detail"}
)
_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Reported:
    """One event as it will be written."""

    domain: str
    metric: str
    event_id: str
    success: bool | None
    value: float | None
    occurred_at: datetime
    source: str | None = None
    market: str | None = None
    correlation_id: str | None = None
    detail: dict[str, Any] | None = None


def domain_name(value: Any) -> str:
    """Return a domain's one name, in capitals; raises `ValueError`."""
    name = str(value).strip().upper()
    if not _DOMAIN.fullmatch(name):
        raise ValueError("is not a domain's name")
    return name


def metric_name(value: Any) -> str:
    """Return a metric's one name, in small letters; raises `ValueError`."""
    name = str(value).strip().lower()
    if not _METRIC.fullmatch(name):
        raise ValueError("is not a metric's name")
    return name


def number(value: Any) -> float:
    """Return a finite number within bounds; raises `ValueError` with the reason."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("is not a number")  # noqa: TRY004 - one kind of error for every field
    try:
        found = float(Decimal(value.strip()) if isinstance(value, str) else value)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ValueError("is not a number") from error
    if found != found:  # noqa: PLR0124 - the one value that is not itself
        raise ValueError("is NaN, which is no number")
    if not isfinite(found):
        raise ValueError("is infinite")
    if abs(found) > LARGEST:
        raise ValueError("is out of range")
    return found


def flag(value: Any) -> bool:
    """Return yes or no; raises `ValueError`."""
    if isinstance(value, bool):
        return value
    try:
        return _FLAGS[str(value).strip().lower()]
    except KeyError:
        raise ValueError("is neither true nor false") from None


def instant(value: Any, now: datetime, zone: ZoneInfo) -> datetime:
    """Return an aware UTC time that has come; raises `ValueError` with the reason."""
    try:
        given = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError("is not a time") from None
    try:
        moment = (given if given.tzinfo else given.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise ValueError("is out of range") from None
    if moment > now + AHEAD:
        raise ValueError("is a time to come")
    if moment < EARLIEST:
        raise ValueError("is before the year 2000")
    return moment


def word(value: Any, longest: int = LONGEST_WORD) -> str:
    """Return a short printable word; raises `ValueError` with the reason."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not text or not text.isprintable():
        raise ValueError("is empty or cannot be shown")
    if len(text) > longest:
        raise ValueError(f"is longer than {longest} characters")
    return text


def detail_of(value: Any) -> dict[str, Any]:
    """Return a small JSON object; raises `ValueError` with the reason."""
    if not isinstance(value, Mapping):
        raise ValueError("is not a JSON object")  # noqa: TRY004 - one kind of error for every field
    try:
        text = json.dumps(dict(value), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError("is not plain JSON") from error
    if len(text) > LONGEST_DETAIL:
        raise ValueError(f"is longer than {LONGEST_DETAIL} characters")
    return dict(json.loads(text))


class _Names:
    """Names that were checked already: a bulk says the same ones again and again."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Any], str] = {}

    def domain(self, value: Any) -> str:
        return self._get("d", value, domain_name)

    def metric(self, value: Any) -> str:
        return self._get("m", value, metric_name)

    def word(self, value: Any) -> str:
        return self._get("w", value, word)

    def _get(self, kind: str, value: Any, check: Any) -> str:
        if not isinstance(value, str):
            return str(check(value))
        found = self._known.get((kind, value))
        if found is None:
            found = self._known[kind, value] = check(value)
        return found


def read_events(raw: Any, now: datetime, zone: ZoneInfo, default: tuple[Any, Any] = (None, None)) -> list[Reported]:
    """Read a list of events, each with its own domain and metric or the given ones.

    Raises `ValueError` naming the first event, field and value that does not fit.
    """
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise ValueError("is not a list of events")  # noqa: TRY004 - pydantic makes a finding of a ValueError alone
    if not raw:
        raise ValueError("has no event")
    if len(raw) > MOST_EVENTS:
        raise ValueError(f"has {len(raw):,} events, and one call takes {MOST_EVENTS:,}")
    names = _Names()
    return [_read(each, place, names, now, zone, default) for place, each in enumerate(raw, start=1)]


def _read(raw: Any, place: int, names: _Names, now: datetime, zone: ZoneInfo, default: tuple[Any, Any]) -> Reported:
    if not isinstance(raw, Mapping):
        raise ValueError(f"event {place} is not a JSON object")  # noqa: TRY004
    if unknown := raw.keys() - FIELDS:
        raise ValueError(f"event {place}: `{_plain(min(map(str, unknown)))}` is not a field")
    field = "domain"
    try:
        domain = names.domain(raw.get("domain") or _given(default[0]))
        field = "metric"
        metric = names.metric(raw.get("metric") or _given(default[1]))
        field = "event_id"
        event_id = word(_given(raw.get("event_id")), LONGEST_ID)
        field = "success"
        success = raw.get("success")
        success = None if success is None else flag(success)
        field = "value"
        value = raw.get("value")
        value = None if value is None else number(value)
        _one_of_two(success, value)
        field = "occurred_at"
        given = raw.get("occurred_at")
        occurred_at = now if given is None else instant(given, now, zone)
        field = "source"
        source = names.word(raw["source"]) if raw.get("source") is not None else None
        field = "market"
        market = names.word(raw["market"]) if raw.get("market") is not None else None
        field = "correlation_id"
        own = raw.get("correlation_id")
        correlation_id = None if own is None else word(own)
        field = "detail"
        detail = raw.get("detail")
        detail = None if detail is None else detail_of(detail)
    except ValueError as error:
        shown = "" if raw.get(field) is None else f" “{_plain(str(raw[field]))[:60]}”"
        raise ValueError(f"event {place}: `{field}`{shown} {error}") from None
    return Reported(domain, metric, event_id, success, value, occurred_at, source, market, correlation_id, detail)


def _one_of_two(success: bool | None, value: float | None) -> None:
    if (success is None) == (value is None):
        raise ValueError("and `success`: give one of the two")


def _given(value: Any) -> Any:
    if value is None:
        raise ValueError("is missing")
    return value


def _plain(text: str) -> str:
    return "".join(character for character in text if character.isprintable() and character != "`")
