"""The sellers who fill in the web form while one watches: always somebody new."""

from dataclasses import dataclass

from bot.demo.cast import MARIA, OMAR, Player


@dataclass(frozen=True, slots=True)
class NewSeller:
    """A lead as the web form sends it."""

    lead_id: str
    name: str
    province: str
    market: str
    address: str
    phone: str
    owner: Player

    @property
    def look_at(self) -> str:
        """Where it is found."""
        return f"type /due as {self.owner.first_name} and find the name, due for some seconds."

    def params(self) -> dict[str, str]:
        """Return it as `followup.create` takes it."""
        return {
            "lead_id": self.lead_id, "province": self.province, "market": self.market, "phone": self.phone,
            "owner": f"<@{self.owner.user_id}>", "seller": self.name, "address": self.address, "consent": "inquiry",
            "evidence": "web form", "source": "web-form",
        }  # fmt: skip


FIRST = ("Nora", "Ravi", "Claire", "Tom", "Amina", "George", "Lucie", "Sven", "Priya", "Walter", "Hana")
LAST = ("Bergeron", "Patel", "MacLeod", "Olsen", "Nguyen", "Kowalski", "Fortin", "Singh", "Baker")
PLACES = (
    ("ON", "London", "Maple Street", "519"),
    ("AB", "Calgary", "Bow Trail", "587"),
    ("NS", "Halifax", "Quinpool Road", "782"),
    ("QC", "Laval", "boulevard des Laurentides", "450"),
    ("BC", "Kelowna", "Lakeshore Drive", "250"),
    ("MB", "Winnipeg", "Corydon Avenue", "431"),
    ("SK", "Saskatoon", "Broadway Avenue", "639"),
)
OWNERS = (MARIA, OMAR)
_NUMBERS = 79
"""Made-up lines of each area, 555-0120 to 555-0198; the week's sellers have other area codes."""


def new_seller(arrived_before: int) -> NewSeller:
    """Return the next seller; the lists' lengths share no factor, so that names and places meet anew each time."""
    number = arrived_before
    province, market, street, area = PLACES[number % len(PLACES)]
    return NewSeller(
        lead_id=f"W-{number + 1}",
        name=f"{FIRST[number % len(FIRST)]} {LAST[number % len(LAST)]}",
        province=province,
        market=market,
        address=f"{12 + 7 * number} {street}, {market}",
        phone=f"{area}-555-{120 + (number * 5) % _NUMBERS:04d}",
        owner=OWNERS[number % len(OWNERS)],
    )
