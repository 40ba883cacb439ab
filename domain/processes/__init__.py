"""Processes: their ids, their heartbeats, and what each saw of the world outside the database."""
