"""The runbook: what must be true before production may act (spec/2, Runbook).

Checks are pure functions of recorded evidence; reading the evidence never waits on Slack or Redis. A check that
crashes is a blocker.
"""
