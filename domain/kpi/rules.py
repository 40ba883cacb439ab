"""Reading reported events: every figure checked by name, nothing guessed; pure."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from domain.canonical import keepable

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


class Reported(NamedTuple):
    """One event as it will be written; its first three fields make it one event."""

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
    name = value.strip().upper() if isinstance(value, str) else ""
    if not _DOMAIN.fullmatch(name):
        raise ValueError("is not a domain's name")
    return name


def metric_name(value: Any) -> str:
    """Return a metric's one name, in small letters; raises `ValueError`."""
    name = value.strip().lower() if isinstance(value, str) else ""
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
    is_number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    text = str(value).strip() if isinstance(value, str) or is_number else ""
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
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError("is not plain JSON") from error
    if len(text) > LONGEST_DETAIL:
        raise ValueError(f"is longer than {LONGEST_DETAIL} characters")
    found = dict(json.loads(text))
    keepable(found)
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
    known = _Known(now, zone, default)
    return [_quick(each, known) or _read(each, place, known) for place, each in enumerate(raw, start=1)]


class _Known:
    """What a bulk says again and again, checked once: names, and the span of times that is taken."""

    def __init__(self, now: datetime, zone: ZoneInfo, default: tuple[Any, Any]) -> None:
        self.now, self.zone, self.default, self.latest = now, zone, default, now + AHEAD
        self.domains: dict[Any, str] = {}
        self.metrics: dict[Any, str] = {}
        self.words: dict[Any, str | None] = {None: None}


def _quick(raw: Any, known: _Known) -> Reported | None:
    """Read an event whose names were seen before and whose figures are plain; None where it must be looked at."""
    try:
        get, event_id = raw.get, raw["event_id"]
        success, value, at, own = get("success"), get("value"), get("occurred_at"), get("correlation_id")
        if not (
            (success is True or success is False or success is None)
            and (type(value) is float if success is None else value is None)
            and (value is None or -LARGEST <= value <= LARGEST)
            and own is None
            and get("detail") is None
            and raw.keys() <= FIELDS
            and _is_plain(event_id)
        ):
            return None
        given = known.now if at is None else datetime.fromisoformat(at)
        if given.tzinfo is None or not EARLIEST <= (moment := given.astimezone(UTC)) <= known.latest:
            return None
        return Reported(
            known.domains[raw["domain"]], known.metrics[raw["metric"]], event_id, success, value, moment,
            known.words[get("source")], known.words[get("market")],
        )  # fmt: skip
    except (AttributeError, KeyError, TypeError, ValueError, IndexError, OverflowError):
        return None


def _is_plain(event_id: Any) -> bool:
    return (
        type(event_id) is str
        and len(event_id) <= LONGEST_ID
        and event_id.isprintable()
        and event_id.isascii()
        and (" " not in event_id and event_id != "")
    )


def _read(raw: Any, place: int, known: _Known) -> Reported:
    """Read an event field by field; raises `ValueError` naming what does not fit."""
    if not isinstance(raw, Mapping):
        raise ValueError(f"event {place} is not a JSON object")  # noqa: TRY004
    if unknown := raw.keys() - FIELDS:
        raise ValueError(f"event {place}: `{_plain(min(map(str, unknown)))}` is not a field")
    field = "domain"
    try:
        domain = domain_name(_given(raw.get("domain") or known.default[0]))
        field = "metric"
        metric = metric_name(_given(raw.get("metric") or known.default[1]))
        field = "event_id"
        event_id = word(_given(raw.get("event_id")), LONGEST_ID)
        field = "success"
        success = None if raw.get("success") is None else flag(raw["success"])
        field = "value"
        value = None if raw.get("value") is None else number(raw["value"])
        _one_of_two(success, value)
        field = "occurred_at"
        given = raw.get("occurred_at")
        occurred_at = known.now if given is None else instant(given, known.now, known.zone)
        field = "source"
        source = None if raw.get("source") is None else word(raw["source"])
        field = "market"
        market = None if raw.get("market") is None else word(raw["market"])
        field = "correlation_id"
        correlation_id = None if raw.get("correlation_id") is None else word(raw["correlation_id"])
        field = "detail"
        detail = None if raw.get("detail") is None else detail_of(raw["detail"])
    except ValueError as error:
        shown = "" if raw.get(field) is None else f" “{_plain(str(raw[field]))[:60]}”"
        raise ValueError(f"event {place}: `{field}`{shown} {error}") from None
    for name, seen, checked in (("domain", known.domains, domain), ("metric", known.metrics, metric)):
        if isinstance(raw.get(name), str):
            seen[raw[name]] = checked
    for name, short in (("source", source), ("market", market)):
        if isinstance(raw.get(name), str):
            known.words[raw[name]] = short
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
