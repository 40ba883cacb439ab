"""All operations of Valhalla, collected from the features; nothing exists outside it."""

from domain.access.operations import OPERATIONS as ACCESS
from domain.alerts.operations import OPERATIONS as ALERTS
from domain.approvals.operations import OPERATIONS as APPROVALS
from domain.audit.operations import OPERATIONS as AUDIT
from domain.delivery.operations import OPERATIONS as DELIVERY
from domain.followup.operations import OPERATIONS as FOLLOWUP
from domain.heimdall.operations import OPERATIONS as HEIMDALL
from domain.heimdall.policies import KIND as HEIMDALL_POLICY
from domain.heimdall.promoting import take_back as take_back_heimdall
from domain.held.operations import OPERATIONS as HELD
from domain.inbox.operations import OPERATIONS as INBOX
from domain.kpi.operations import OPERATIONS as KPI
from domain.oncall.operations import OPERATIONS as ONCALL
from domain.operation import AnyOperation, Registry
from domain.policies.operations import operations as policy_operations
from domain.policies.service import Reverter
from domain.prime_law.operations import OPERATIONS as PRIME_LAW
from domain.regression import policies as regression_policies
from domain.regression.operations import OPERATIONS as REGRESSION
from domain.review.operations import operations as review_operations
from domain.risk.books import KIND as RISK_POLICIES
from domain.risk.operations import OPERATIONS as RISK
from domain.risk.policies import revert as revert_risk
from domain.runbook.operations import OPERATIONS as RUNBOOK
from domain.snapshots.control import CONTROL
from domain.snapshots.heimdall import HEIMDALL as HEIMDALL_PART
from domain.snapshots.operations import operations as snapshot_operations
from domain.snapshots.ops import OPS
from domain.snapshots.parts import Part
from domain.snapshots.risk import RISK as RISK_PART
from domain.snapshots.tripwire import TRIPWIRE
from domain.system.operations import OPERATIONS as SYSTEM
from domain.ticks.operations import OPERATIONS as TICKS

REVERTERS: dict[str, Reverter] = {
    RISK_POLICIES: revert_risk,
    regression_policies.KIND: regression_policies.revert,
    HEIMDALL_POLICY: take_back_heimdall,
}
"""How each feature's policies go back when what was set for a time is over."""

PARTS: tuple[Part, ...] = (CONTROL, RISK_PART, HEIMDALL_PART, TRIPWIRE, OPS)
"""What the snapshot and the Monday review are made of: each feature that has something to say brings one part."""

ALL: tuple[AnyOperation, ...] = (
    *PRIME_LAW, *RUNBOOK, *APPROVALS, *ACCESS, *HELD, *ALERTS, *ONCALL, *AUDIT, *SYSTEM, *DELIVERY, *INBOX, *TICKS,
    *FOLLOWUP, *RISK, *KPI, *REGRESSION, *HEIMDALL, *policy_operations(REVERTERS), *snapshot_operations(PARTS),
    *review_operations(PARTS),
)  # fmt: skip


def build_registry(*more: AnyOperation) -> Registry:
    """Index every operation (and `more`, for tests); raises `ValueError` on a duplicate name, command or route."""
    return Registry([*ALL, *more])
