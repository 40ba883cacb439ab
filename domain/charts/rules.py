"""How often a chart is drawn and tried, from plain values and the time."""

from datetime import datetime, timedelta

BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 15, 30, 60))
SHOW_AGAIN = tuple(timedelta(seconds=seconds) for seconds in (0.5, 1, 2, 4, 8, 16))
"""How long Slack is given to process a file before a card shows it once more."""
REDRAW_EVERY = timedelta(seconds=10)
"""How often the chart of one thing is drawn anew at most; the newest waits, the text does not."""
WORTH_DRAWING = timedelta(days=1)
"""How long a chart is tried: a picture of yesterday's alarm helps nobody."""
KEPT, KEPT_UNSHOWN = timedelta(days=90), timedelta(days=7)
"""How long what became of a chart is remembered: while a card shows it, and where none does."""
MOST_COMPLETIONS = 3
"""How many uploads may have been completed without our knowing: so many files nobody shows, at most, for a chart."""
MOST_SHOWINGS = len(SHOW_AGAIN)


def wait(attempts: int) -> timedelta:
    """Return how long to wait after so many tries that came to nothing."""
    return BACK_OFF[min(max(attempts, 1), len(BACK_OFF)) - 1]


def show_again(showings: int) -> timedelta:
    """Return how long to wait before looking whether the cards show it, after so many orders to show it."""
    return SHOW_AGAIN[min(showings, len(SHOW_AGAIN) - 1)]


def first_try(now: datetime, uploaded_at: datetime | None) -> datetime:
    """Return when the chart of a thing may be drawn, given when its last one was uploaded."""
    return now if uploaded_at is None else max(now, uploaded_at + REDRAW_EVERY)


def is_given_up(now: datetime, asked_at: datetime, completions: int) -> bool:
    """Whether a chart is not tried any more: too old, or uploaded too often without an answer."""
    return now - asked_at > WORTH_DRAWING or completions >= MOST_COMPLETIONS
