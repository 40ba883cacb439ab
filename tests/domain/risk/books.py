"""What must be true of the books at every moment, read from the rows alone."""

from collections.abc import Mapping
from typing import Any

from tests.support import World

COLUMNS = {"RESERVE": "reserved", "SETTLE": "settled", "VOID": "voided", "EXPIRE": "expired"}


def current(world: World, engine: str) -> Any:
    """Return the open day of an engine's book."""
    (row,) = world.rows("risk_ledger", "engine = :engine AND NOT is_closed", engine=engine)
    return row


def check(world: World) -> None:
    """Fail unless reservations, events and books say the same, and every day goes on where the last one ended."""
    reservations = {row.id: row for row in world.rows("risk_reservation")}
    events = world.rows("risk_event")
    lines = world.rows("risk_ledger")
    engines = {row.engine for row in lines}
    for engine in engines:
        days = sorted((row for row in lines if row.engine == engine), key=lambda row: row.day)
        mine = [row for row in reservations.values() if engine in ("GLOBAL", row.engine)]
        _check_days(days)
        assert days[-1].open_risk == sum(row.amount for row in mine if row.state == "OPEN"), engine
        for line in days:
            _check_line(line, [e for e in events if engine in ("GLOBAL", e.engine)], reservations)
    _check_events(events, reservations)


def _check_days(days: list[Any]) -> None:
    assert [row.is_closed for row in days] == [True] * (len(days) - 1) + [False]
    opening = 0
    for row in days:
        assert row.opening == opening, "a day opens with what the one before it closed with"
        opening = row.open_risk
        assert row.open_risk == row.opening + row.reserved - row.settled - row.voided - row.expired


def _check_line(line: Any, events: list[Any], reservations: Mapping[int, Any]) -> None:
    of_day = [event for event in events if event.day == line.day]
    for kind, column in COLUMNS.items():
        late = kind == "SETTLE"  # a late settle frees nothing
        booked = sum(
            event.amount for event in of_day
            if event.kind == kind and not (late and (event.detail or {}).get("was_expired"))
        )  # fmt: skip
        assert getattr(line, column) == booked, (line.engine, line.day, kind)
    assert line.loss == sum(event.realized_loss for event in of_day if event.kind == "SETTLE")
    assert line.actions == sum(event.kind == "RESERVE" for event in of_day)
    given_back = sum(
        event.amount for event in of_day
        if event.kind == "VOID" and reservations[event.reservation_id].day == line.day
    )  # fmt: skip
    assert line.exposure == line.reserved - given_back


def _check_events(events: list[Any], reservations: Mapping[int, Any]) -> None:
    by_reservation: dict[int, list[str]] = {}
    for event in events:
        if event.reservation_id is not None:
            by_reservation.setdefault(event.reservation_id, []).append(event.kind)
    paths = {
        "OPEN": [["RESERVE"]], "VOIDED": [["RESERVE", "VOID"]], "EXPIRED": [["RESERVE", "EXPIRE"]],
        "SETTLED": [["RESERVE", "SETTLE"], ["RESERVE", "EXPIRE", "SETTLE"]],
    }  # fmt: skip
    assert set(by_reservation) == set(reservations)
    for number, row in reservations.items():
        assert by_reservation[number] in paths[row.state], (number, row.state, by_reservation[number])
