"""The surfaces people and programs use: Slack, the command line, and later HTTP."""
