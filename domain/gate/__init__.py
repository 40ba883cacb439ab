"""The one gate every action passes (spec/5).

::

    identity → role → ┌ one transaction ──────────────────────────────────────────────────────────┐
                      │ idempotency key → Prime Law → approval → act → audit, KPI, outbox, held work │
                      └──────────────────────────────────────────────────────────────────────────────┘

That is the order of judgement. The order of locks is: Prime Law (shared for what acts, exclusive for what changes a
switch) → idempotency key → approval → everything else, rows of one table in one fixed order.
"""

from domain.gate.call import Call
from domain.gate.gate import Gate

__all__ = ["Call", "Gate"]
