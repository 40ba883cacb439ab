"""The peer of `command_roundtrip`: Bolt as its guide shows it, echoing one command."""

import os

from slack_bolt import Ack, App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient


def main() -> None:
    """Run until ended."""
    client = WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = App(client=client)

    @app.command("/golive")
    def echo(ack: Ack, command: dict[str, str]) -> None:
        ack(text=f"{command['command']} {command.get('text', '')}".strip())

    handler = SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"])
    handler.start()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
