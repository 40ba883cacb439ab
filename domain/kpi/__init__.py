"""KPI events: what happened, once per domain, metric and event id (spec/2, KPI).

The gate writes what an act emits with the act; `kpi.record` writes what programs and people report, thousands in one
call. Both leave the events of a guarded metric for its tripwire in the same transaction (`domain.regression`).
"""
