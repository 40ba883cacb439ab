"""Who and what the demo's workspace holds: people of every role, and the channels Valhalla writes to."""

from dataclasses import dataclass

from domain.identity import Role


@dataclass(frozen=True, slots=True)
class Player:
    """One person: the Slack id and name, the role (None for a stranger), and what they are there for."""

    user_id: str
    name: str
    real_name: str
    role: Role | None
    does: str
    zone: str = "America/Toronto"

    @property
    def first_name(self) -> str:
        """What the others call this person."""
        return self.real_name.split()[0]

    @property
    def title(self) -> str:
        """Name and part, as a workspace shows them to whoever chooses a person."""
        return f"{self.real_name} ({self.does.partition(':')[0]})"


BRYAN = Player("U0BRYAN", "bryan", "Bryan Hale", Role.OWNER, "owner: Monday review, break glass")
DANA = Player("U0DANA", "dana", "Dana Roy", Role.MANAGER, "manager: asks and approves")
MARC = Player("U0MARC", "marc", "Marc Leduc", Role.MANAGER, "manager: asks and approves")
ALICE = Player("U0ALICE", "alice", "Alice Chen", Role.ONCALL, "on call: acknowledges alerts, asks for releases")
MARIA = Player("U0MARIA", "maria", "Maria Santos", Role.OPERATOR, "VA: follows up by text and phone")
OMAR = Player("U0OMAR", "omar", "Omar Haddad", Role.OPERATOR, "VA: follows up by text and phone", "America/Edmonton")
LEO = Player("U0LEO", "leo", "Leo Park", Role.OPERATOR, "closer: takes over who is interested", "America/Vancouver")
INES = Player("U0INES", "ines", "Ines Blanc", Role.AUDITOR, "accountant: reads everything, changes nothing")
ZOE = Player("U0ZOE", "zoe", "Zoe Wright", None, "a stranger, without a role here")

CAST: tuple[Player, ...] = (BRYAN, DANA, MARC, ALICE, MARIA, OMAR, LEO, INES, ZOE)

CHANNELS: dict[str, str] = {
    "general": "C0GENERAL",
    "governance": "C0GOVERN",
    "oncall": "C0ONCALL",
    "followups": "C0FOLLOW",
    "deals": "C0DEALS",
}
"""Every channel by name; all of the cast and the bot are in each."""

BOT_TOKEN = "xoxb-demo"  # noqa: S105 - the local workspace takes any token it was started with
APP_TOKEN = "xapp-demo"  # noqa: S105 - the same
