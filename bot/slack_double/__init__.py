"""A strict, small local Slack for tests and the demo.

It answers over real sockets what Slack would answer: the Web API with its errors, scopes and rates, Block
Kit's limits, Socket Mode, response addresses and modals. Its one aim is to fail wherever Slack would, so
it knows no more of Slack than this bot uses, and refuses the rest.

All state belongs to the server's event loop. `SlackDouble` carries calls of other threads over to it, so
nothing here needs a lock but the faults and the feed's waiting list.
"""

from bot.slack_double.acting import CannotAct, Outcome
from bot.slack_double.blocks import message_error, view_error
from bot.slack_double.double import SlackDouble
from bot.slack_double.faults import Fault, Faults
from bot.slack_double.server import MayNotRun

__all__ = [
    "CannotAct",
    "Fault",
    "Faults",
    "MayNotRun",
    "Outcome",
    "SlackDouble",
    "message_error",
    "view_error",
]
