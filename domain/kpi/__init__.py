"""KPI events: what happened, once per domain, metric and event id; the gate writes them with the act (spec/2, KPI)."""
