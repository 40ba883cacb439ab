"""The demo: every process, a local Slack workspace with a week behind it, and a terminal to act in."""
