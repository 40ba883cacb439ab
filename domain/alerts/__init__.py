"""Alerts: one per condition, one message each, open → acknowledged → resolved."""
