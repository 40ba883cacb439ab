"""The tour in #general: what to type and press, and as whom, to see what Valhalla is for in five minutes."""

from typing import Any

from bot.blocks import kit
from bot.blocks.kit import Rendered
from bot.demo.cast import CHANNELS
from bot.demo.workspace import Workspace

PLACE = CHANNELS["general"]
MARK = "tour"
"""The first block's id, by which the message is found again."""
HEAD = "Tour: Valhalla in five minutes"
INTRO = (
    "A team calls and texts people who may sell their home. Here its acting is switched on and off, and the day's work"
    " is done. This morning production is off, for an exercise.\n*You act as* the person at the bottom left: press it"
    " to be somebody else. *Commands* go into the box below (press one here to put it there); only you see the answer."
    " On a narrow screen the people and the panel on the right are behind the buttons at the top."
)
STEPS: tuple[str, ...] = (
    "*Maria* stops everything: type `/killswitch engage texts without an opt-out line`, then look into {governance}.",
    (
        "*Dana*, a manager, asks to go on: `/killswitch release the texts are fixed`. Press *Approve…* on the newest"
        " card in {governance}: refused, for nobody approves alone."
    ),
    "*Marc*, the other manager, presses *Approve…* on the same card.",
    (
        "*Dana* checks what go-live needs: `/golive checklist`. Press *A signature runs out* on the right, then *Check"
        " again*, and *Sign…* what is too old."
    ),
    (
        "*Dana* asks to go live: `/golive enable ready for the week`. *Marc* presses *Approve…* on the newest card in"
        " {governance}."
    ),
    (
        "*Maria* does what is due: `/due`. *Claim* shows the number and the words to say; then press how it went, for"
        " example *No answer*."
    ),
    (
        "Press *An hour passes* on the right: one card in {followups} names who is late, and shrinks as steps are done."
        " Past 30 minutes a step is late; past 2 hours its promise is broken, which counts against the team's 90 %."
    ),
    (
        "*Leo* asks to use a model's offers for real: `/heimdall promote WHOLESALE_OFFER two clean weeks`. The card in"
        " {governance} shows how its trials went and how sure that is; *Dana* presses *Approve…*. *Demote…* takes it"
        " back at once."
    ),
    (
        "*valhalla Home* on the left shows what needs you first, as anybody. As *Dana* type `/audit 10`: who did what,"
        " and why."
    ),
)
LAST = (
    "*Then try to break it* on the right: kill the worker, empty Redis, take Slack away. Nothing is lost, nothing"
    " happens twice."
)


def tour() -> Rendered:
    """Return the message."""
    places = {name: f"<#{channel}>" for name, channel in CHANNELS.items()}
    steps = [kit.section(f"*{number}*  {text.format(**places)}") for number, text in enumerate(STEPS, 1)]
    head, *rest = kit.message(
        HEAD, kit.section(INTRO), kit.divider(), steps, kit.divider(), kit.section(LAST),
        kit.context("Pinned for whoever is new here", "nothing you do leaves this machine"),
    ).blocks  # fmt: skip
    return Rendered(HEAD, [{**head, "block_id": MARK}, *rest])


def post_tour(workspace: Workspace) -> None:
    """See to it that the tour stands in #general as it reads now: posted once, edited where it has changed."""
    message = tour()
    said = {"channel": PLACE, "text": message.text, "blocks": message.blocks}
    before = next((one for one in workspace.read("messages", channel=PLACE) if _is_tour(one)), None)
    if before is None:
        workspace.call("chat.postMessage", **said)
    elif _without_ids(before["blocks"]) != _without_ids(message.blocks):
        workspace.call("chat.update", ts=before["ts"], **said)


def _is_tour(message: dict[str, Any]) -> bool:
    return any(block.get("block_id") == MARK for block in message.get("blocks", ()))


def _without_ids(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in block.items() if name != "block_id"} for block in blocks]
