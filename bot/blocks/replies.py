"""What the caller alone sees after an operation: one renderer for each, and one road for every outcome."""

from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

from bot.blocks import (
    access,
    alerts,
    approvals,
    audit,
    delivery,
    followup,
    followup_cards,
    heimdall,
    held,
    home,
    kit,
    kpi,
    oncall,
    prime_law,
    refusals,
    review,
    risk,
    risk_cards,
    runbook,
    snapshot,
    system,
    tripwire,
)
from bot.blocks.kit import Rendered
from bot.blocks.text import words
from domain.operation import AnyOperation
from domain.outcomes import Done, Held, Outcome, PendingApproval, Result

Reply = Callable[[Any], Rendered]

REPLIES: Mapping[str, Reply] = {
    "golive.state": prime_law.state,
    "golive.enable": prime_law.go_live,
    "golive.disable": prime_law.go_live,
    "golive.checklist": runbook.status,
    "golive.attest": runbook.attested,
    "killswitch.engage": prime_law.switched,
    "killswitch.release": prime_law.switched,
    "killswitch.explain": prime_law.switched,
    "runbook.status": runbook.status,
    "runbook.markdown": runbook.markdown,
    "approvals.list": approvals.listing,
    "approvals.mine": approvals.listing,
    "approvals.ask": approvals.question_asked,
    "approvals.withdraw": approvals.decided,
    "approvals.approve": approvals.decided,
    "approvals.reject": approvals.decided,
    "approvals.break_glass": approvals.decided,
    "approvals.signoff": approvals.break_glass,
    "access.list": access.listing,
    "access.request": access.granted,
    "access.grant": access.granted,
    "access.revoke": access.revoked,
    "delivery.list": delivery.listing,
    "delivery.retry": delivery.retried,
    "delivery.drop": delivery.dropped,
    "route.list": delivery.routes,
    "route.set": delivery.route_changed,
    "route.test": delivery.route_tested,
    "heimdall.policies": heimdall.policies,
    "heimdall.policy_set": heimdall.policy_set,
    "heimdall.snapshot": heimdall.snapshot,
    "heimdall.scorecard": heimdall.scorecards,
    "heimdall.trial": heimdall.trial,
    "heimdall.recommend": heimdall.recommended,
    "heimdall.check": heimdall.check,
    "heimdall.require": heimdall.used,
    "heimdall.outcome": heimdall.outcome,
    "heimdall.promote": heimdall.promoted,
    "heimdall.demote": heimdall.demoted,
    "followup.create": followup.created,
    "followup.due": followup.due,
    "followup.show": followup.ladder,
    "followup.sla": followup_cards.sla,
    "followup.claim": followup.claimed,
    "followup.complete": followup.completed,
    "followup.stop": followup.stopped,
    "risk.snapshot": risk.snapshot,
    "risk.policies": risk.policies,
    "risk.policy_set": risk.policy_set,
    "risk.raise": risk.policy_set,
    "risk.pause": risk_cards.hold,
    "risk.resume": risk_cards.hold,
    "risk.ledger": risk.ledger,
    "risk.reserve": risk.reserved,
    "risk.settle": risk.closed,
    "risk.void": risk.closed,
    "risk.reservations": risk.reservations,
    "risk.watch": risk.watching,
    "held.list": held.listing,
    "held.run": held.decided,
    "held.drop": held.decided,
    "alerts.list": alerts.listing,
    "alerts.ack": alerts.alert,
    "alerts.pass": alerts.alert,
    "alerts.resolve": alerts.alert,
    "snapshot.overview": snapshot.overview,
    "snapshot.metrics": snapshot.metrics,
    "review.show": review.review,
    "review.decide": review.review,
    "review.finish": review.finished,
    "oncall.show": oncall.rota,
    "oncall.take": oncall.taken,
    "oncall.set": oncall.shift_set,
    "oncall.drill": alerts.alert,
    "oncall.remove": oncall.shift_removed,
    "audit.list": audit.listing,
    "audit.verify": audit.verification,
    "kpi.record": kpi.recorded,
    "kpi.series": kpi.series,
    "regression.policies": tripwire.policies,
    "regression.policy_set": tripwire.policy_changed,
    "regression.state": tripwire.states,
    "regression.snapshot": tripwire.snapshot,
    "regression.evaluate": tripwire.states,
    "regression.release": tripwire.released,
    "system.help": system.help_view,
    "system.home": home.home,
    "system.doctor": system.doctor,
}


def model_of(operation: str) -> type[Result] | None:
    """Return the result an operation's renderer takes, as it declares it; None where it has none."""
    reply = REPLIES.get(operation)
    if reply is None:
        return None
    hints = get_type_hints(reply)
    first = next(iter(hints.values()))
    return first if isinstance(first, type) and issubclass(first, Result) else None


def render_outcome(operation: AnyOperation | str, outcome: Outcome, *, prefix: str = "") -> Rendered:
    """Render what came back for the caller, with the configured prefix before every command it names."""
    return _rendered(operation, outcome).with_prefix(prefix)


def _rendered(operation: AnyOperation | str, outcome: Outcome) -> Rendered:
    if isinstance(outcome, Done):
        return _done(outcome)
    if isinstance(outcome, PendingApproval):
        return refusals.pending(outcome)
    if isinstance(outcome, Held):
        return refusals.held(operation, outcome)
    return refusals.refused(operation, outcome)


def _done(outcome: Done) -> Rendered:
    reply = REPLIES.get(outcome.operation)
    if reply is None:
        return kit.message(f"Done: {words(outcome.operation)}.")
    return reply(_with_audit_id(outcome.result, outcome.audit_id))


def _with_audit_id(result: Result, audit_id: int | None) -> Result:
    """The audit's number is known only after the act; it is put where the card shows it."""
    if audit_id is None or "audit_id" not in type(result).model_fields:
        return result
    return result.model_copy(update={"audit_id": audit_id})
