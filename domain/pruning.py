"""What is forgotten, when, and what is kept for ever on purpose: every table is in one of the two lists.

Forgotten in small batches, oldest first and by an index, every five minutes (`domain.schedules`), so that nobody waits
for it and nothing is let grow: `FORGOTTEN` names the operation that does it. Rows that go with what they are about
(an arrival that was counted, an entry that was sealed) need no operation of their own.

Kept: the record (what was decided, done, reported and said, with who and when), and rows of which there is one for each
thing, person, engine or setting; `KEPT` says why. Messages that could not be delivered stay until somebody sends or
drops them. `card_message` stays, so that a card is edited in place however old it is; of a page it goes with the page.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, TextClause, delete, inspect, select, tuple_

from domain.act import Act
from domain.database import Base

BATCH = 1_000

FORGOTTEN: Mapping[str, str] = {
    "outbox": "outbox.prune",
    "inbox": "inbox.prune",
    "tick": "ticks.prune",
    "idempotency_key": "idempotency.prune",
    "process_heartbeat": "processes.prune",
    "page": "page.prune",
    "chart": "chart.prune",
    "risk_watch": "watch.prune",
    "regression_arrival": "regression.sweep",
    "audit_unsealed": "audit.seal",
    "policy_revert": "policy.revert",
}
"""The operation that takes a table's old rows out."""

_RECORD, _ONE_EACH = "the record", "one row for each thing there is"
KEPT: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "audit_event", "audit_chain", "approval", "break_glass", "attestation", "go_live_history", "policy_version",
            "kpi_event", "heimdall_event", "heimdall_recommendation", "heimdall_scorecard", "risk_event",
            "risk_ledger", "risk_reservation", "risk_hold", "alert", "oncall_shift", "held_work", "review",
            "review_item", "snapshot", "role_grant", "lead", "contact_point", "contact_consent", "contact_suppression",
            "contact_decision", "dncl_copy", "followup_ladder", "followup_task",
        ),
        _RECORD,
    ),
    **dict.fromkeys(
        (
            "go_live_state", "runbook_state", "person", "lead_source", "live_card", "outbox_lane", "route",
            "risk_policy", "heimdall_policy", "regression_policy", "regression_state",
        ),
        _ONE_EACH,
    ),
    "card_message": "a card is edited in place, however old it is",
}  # fmt: skip
"""Why a table's rows stay."""


def forget(
    act: Act, table: type[Base], *old: ColumnElement[bool] | TextClause, first: Any, batch: int = BATCH
) -> Sequence[tuple[Any, ...]]:
    """Delete a batch of old rows; return their primary keys.

    What somebody else has locked is left for the next time, and what changed meanwhile is looked at again.

    Args:
        act: The act in whose transaction it is done.
        table: Whose rows.
        old: What makes a row old; in the words of the table's index, so that SQLite finds it.
        first: The column by which the oldest go first.
        batch: How many at most.
    """
    keys = inspect(table).primary_key
    gone = [
        tuple(row)
        for row in act.connection.execute(
            select(*keys).where(*old).order_by(first).limit(batch).with_for_update(of=table, skip_locked=True)
        )
    ]
    if gone:
        which = keys[0].in_([key for (key,) in gone]) if len(keys) == 1 else tuple_(*keys).in_(gone)
        act.connection.execute(delete(table).where(which))
    return gone
