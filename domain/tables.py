"""Every table of every feature, so that one import fills the metadata."""

from domain.access import tables as access
from domain.alerts import tables as alerts
from domain.approvals import tables as approvals
from domain.audit import tables as audit
from domain.charts import tables as charts
from domain.delivery import tables as delivery
from domain.followup import tables as followup
from domain.gate import tables as gate
from domain.heimdall import tables as heimdall
from domain.held import tables as held
from domain.inbox import tables as inbox
from domain.kpi import tables as kpi
from domain.leads import tables as leads
from domain.oncall import tables as oncall
from domain.policies import tables as policies
from domain.prime_law import tables as prime_law
from domain.processes import tables as processes
from domain.regression import tables as regression
from domain.review import tables as review
from domain.risk import tables as risk
from domain.runbook import tables as runbook
from domain.snapshots import tables as snapshots
from domain.ticks import tables as ticks

FEATURES = (
    access, alerts, approvals, audit, charts, delivery, followup, gate, heimdall, held, inbox, kpi, leads, oncall,
    policies, prime_law, processes, regression, review, risk, runbook, snapshots, ticks,
)  # fmt: skip
