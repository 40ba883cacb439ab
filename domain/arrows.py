"""The arrows of the state machines at the edges, by name, so that a test can kill the process on each one.

Outside a test nothing listens and crossing an arrow costs one comparison.
"""

from collections.abc import Callable

INBOX = (
    "inbox.recorded",  # the row is committed, nothing acknowledged yet
    "inbox.acknowledged",  # Slack has the acknowledgement, the row does not say so yet
    "inbox.confirmed",  # `acknowledged_at` is committed, nothing runs yet
    "inbox.running",  # the row says running, the operation has not begun
    "inbox.acted",  # the operation's transaction is committed, the row still says running
    "inbox.done",  # the row says done, the sender has no answer yet
)
OUTBOX = (
    "outbox.queued",  # the acting transaction is committed, nobody sends yet
    "outbox.sending",  # the row says sending, Slack knows nothing yet
    "outbox.posted",  # Slack has the message, the row still says sending
    "outbox.sent",  # the row says sent, the lane is still leased
)
TICK = (
    "tick.claimed",  # the slot's row is committed, nothing is in the queue
    "tick.enqueued",  # the queue has the message, the row still says claimed
    "tick.marked",  # the row says enqueued, nobody has run it
    "tick.acted",  # its operation is committed, the row does not say done
)
TRIPWIRE = (
    "tripwire.counted",  # what arrived is counted in this transaction, which is not committed
)
CHART = (
    "chart.drawing",  # the row says drawing, nothing is drawn yet
    "chart.sent",  # Slack has the bytes of a file that is not complete
    "chart.uploading",  # the row says uploading, the upload is not complete
    "chart.completed",  # the upload is complete, the row does not know its file
    "chart.uploaded",  # the row knows its file, no card shows it
    "chart.ordered",  # the cards are ordered to show it
)
PAGE = (
    "page.queued",  # it is the page's turn, nobody sends yet
    "page.sending",  # the row says sending, the receiver knows nothing yet
    "page.posted",  # the receiver said yes, the row still says sending
    "page.sent",  # the row says sent
)
ALL = INBOX + OUTBOX + TICK + CHART + PAGE + TRIPWIRE

Listener = Callable[[str], None]
_listeners: list[Listener] = []


def cross(arrow: str) -> None:
    """Say that the calling process stands on `arrow` now."""
    for listener in _listeners:
        listener(arrow)


def listen(listener: Listener) -> None:
    """Call `listener` with the name of every arrow crossed from now on in this process."""
    _listeners.append(listener)
