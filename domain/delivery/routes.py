"""Which channel each kind of message goes to."""

from collections.abc import Mapping

from sqlalchemy import select

from domain.act import Act, Priority
from domain.database import insert_into
from domain.delivery.results import RouteChanged, RouteLine, RouteList, RouteTest
from domain.delivery.tables import Route
from domain.identity import Role

KINDS: Mapping[str, str] = {
    "governance": "switches, approvals and reviews",
    "oncall": "alerts and pages",
    "followups": "due follow-ups",
    "deals": "offers and market liquidity",
}


def _lines(act: Act) -> dict[str, RouteLine]:
    rows = {row.kind: row for row in act.connection.execute(select(Route.__table__))}
    found = {}
    for kind, default in act.settings.default_routes.items():
        row = rows.get(kind)
        found[kind] = RouteLine(
            kind=kind, meaning=KINDS.get(kind, kind), channel=row.channel if row else default, is_default=row is None,
            changed_by=row.changed_by if row else None, updated_at=row.updated_at if row else None,
            version=row.version if row else 0,
        )  # fmt: skip
    return found


def listed(act: Act) -> RouteList:
    """List every route."""
    return RouteList(items=tuple(_lines(act).values()))


def change(act: Act, kind: str, channel: str) -> RouteChanged:
    """Send a kind of message to another channel from now on; cards that stand elsewhere are edited where they are.

    A test message goes to the new channel at once: where it cannot be posted, the on-call channel is told.
    """
    before = _lines(act)[kind]
    changed = before.channel != channel
    version = before.version + 1 if changed else before.version
    if changed:
        values = {"channel": channel, "changed_by": act.actor, "updated_at": act.now, "version": version}
        act.connection.execute(
            insert_into(act.connection, Route)
            .values(kind=kind, **values)
            .on_conflict_do_update(index_elements=[Route.kind], set_=values)
        )
        test(act, kind)
    after: dict[str, object] = {"channel": channel, "changed": changed}
    if not act.prime.was_ever_live and act.standing.at_least(Role.OWNER):
        after["set_up"] = True
    act.changed(f"route {kind} {channel}", before={"channel": before.channel}, after=after)
    return RouteChanged(
        kind=kind, meaning=before.meaning, channel=channel, before=before.channel, changed=changed,
        changed_by=act.actor, version=version,
    )  # fmt: skip


def test(act: Act, kind: str) -> RouteTest:
    """Post a message that says what this channel is for."""
    line = _lines(act)[kind]
    card = RouteTest(kind=kind, meaning=line.meaning, channel=line.channel, asked_by=act.actor, at=act.now)
    act.post(f"route:{kind}", "route_test", card, priority=Priority.REPLY)
    return card
