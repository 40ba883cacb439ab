"""The demo: a local Slack workspace with a week behind it, every process, and a terminal to act in (`valhalla demo`)."""
