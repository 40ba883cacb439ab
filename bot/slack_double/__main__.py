"""Runs the double as a process of its own: `python -m bot.slack_double --port N [--state FILE]`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bot.slack_double.double import SlackDouble
from bot.slack_double.panel import Panel
from bot.slack_double.server import MayNotRun


def _announce(address: str) -> None:
    sys.stdout.write(f"Slack double: {address}\n")
    sys.stdout.flush()


def main() -> int:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m bot.slack_double", description="A strict local Slack.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", help="a SQLite file that keeps the workspace")
    parser.add_argument("--manifest", help="an app manifest (JSON) whose scopes and commands are enforced")
    parser.add_argument("--bot-token", default="xoxb-double")
    parser.add_argument("--app-token", default="xapp-double")
    parser.add_argument("--fanout", action="store_true", help="send each envelope to every connection")
    parser.add_argument("--no-rate-limits", action="store_true")
    parser.add_argument("--panel", metavar="URL", help="who answers for what the page can make happen (a demo)")
    parser.add_argument("--begins-as", metavar="NAME", help="whom one acts as in a browser that remembers nobody")
    given = parser.parse_args()
    try:
        double = SlackDouble(
            host=given.host,
            port=given.port,
            state=given.state,
            manifest=json.loads(Path(given.manifest).read_text()) if given.manifest else None,
            bot_token=given.bot_token,
            app_token=given.app_token,
            fanout=given.fanout,
            rate_limits=not given.no_rate_limits,
            begins_as=given.begins_as,
            pages=Panel(given.panel).routes() if given.panel else (),
        )
        double.serve(_announce)
    except MayNotRun as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
