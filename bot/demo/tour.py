"""The words of the demo: the first five minutes, the help, and what to do where there is nothing yet."""

from collections.abc import Iterator
from pathlib import Path

from bot.demo.cast import CAST

TOUR = """\
The first five minutes. You are maria, a VA; production is off, as bryan left it this morning.

   1  /killswitch engage texts without an opt-out line     takes effect at once; both channels say so
   2  as dana              you are a manager now
      /killswitch release the texts are fixed              asks: a card in #governance wants a second person
      press approve        asked once more (y), then refused: it is dana's own request
   3  as marc              another manager
      press approve        released (y); the card says who and when
   4  /golive checklist    what must be true before production may act
      /golive enable ready for the week                    asks; then `as dana` and `press approve`
   5  as maria
      /due                 what to call and text now: press a number to claim, then the outcome
   6  /heimdall promote WHOLESALE_OFFER two clean weeks    asks with its evidence; `as dana`, `press approve`"""

HELP = """\
/command …         type a slash command as the person you are, in the channel you are in
7                  press what is printed as [7]; menus show as ▾[8]
press approve      press the newest button whose words begin so
as dana            be somebody else          who     everybody, and what they may do
in #governance     go to another channel     read    what stands here (or: read #deals)
dms                your direct messages      say …   write a plain message here
wait [words]       wait for something new, or for a message with these words
tour               the first five minutes    quit    stop everything (Ctrl-C does, too)"""

EMPTY_CHANNEL = "Nothing stands here yet. Cards arrive by themselves: `/killswitch engage drill` makes one."
EMPTY_DMS = "No direct messages yet. Valhalla writes here when something is for you alone, such as a grant of a role."
NOT_UNDERSTOOD = "Type /command …, a number from the screen, or `help`."
NO_SUCH_NUMBER = "Nothing on the screen has that number; `read` prints this channel again."
NO_BOT = "Valhalla is not connected just now, so nobody took this. It is started again by itself: try again."
NO_ANSWER_YET = "Taken, no answer yet. It appears here when it comes."


def people() -> Iterator[str]:
    """Return everybody and what they may do, one a line."""
    for player in CAST:
        yield f"  {player.name:<7} {player.does}"


def started(address: str, folder: Path, *, acts_here: bool) -> list[str]:
    """Return where everything is, once it runs."""
    return [
        f"Valhalla is at work in a local Slack workspace at {address} (this machine only).",
        "The page begins with a tour of five minutes; “Make things happen” beside it plays the world outside.",
        f"Data and logs are in {folder}; what the worker does: tail -f {folder}/worker.log",
        "Ctrl-C or `quit` stops all of it.\n" if acts_here else "Ctrl-C stops all of it.",
    ]
