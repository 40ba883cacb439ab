"""The week before the demo begins, as data: sellers, when they arrived, and what became of each step."""

from dataclasses import dataclass
from datetime import timedelta

from bot.demo.cast import LEO, MARIA, OMAR, Player


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one step: how long after it was due, by whom, and in which words."""

    after: timedelta
    by: Player
    outcome: str
    note: str | None = None
    call_back_in: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Seller:
    """One lead: how long before now it arrived, and the answers to its first steps; the rest is open."""

    lead_id: str
    name: str
    province: str
    market: str
    address: str
    phone: str | None
    arrived: timedelta
    owner: Player | None = None
    consent: str | None = None
    source: str = "web-form"
    answers: tuple[Answer, ...] = ()


def _in(minutes: float) -> timedelta:
    return timedelta(minutes=minutes)


def _ago(*, days: float = 0, hours: float = 0, minutes: float = 0) -> timedelta:
    return timedelta(days=days, hours=hours, minutes=minutes)


SELLERS: tuple[Seller, ...] = (
    Seller(
        "L-1001", "Grace Liu", "NS", "Halifax", "9 Spring Garden Road, Halifax", "902-555-0111", _ago(days=5), OMAR,
        "inquiry", answers=(
            Answer(_in(6), OMAR, "no_answer"),
            Answer(_in(14), OMAR, "asked_to_stop", "was friendly about it"),
        ),
    ),
    Seller(
        "L-1002", "Dina Kovacs", "ON", "Hamilton", "88 Birch Avenue, Hamilton", "905-555-0122", _ago(days=4), MARIA,
        "inquiry", answers=(
            Answer(_in(4), MARIA, "no_answer"),
            Answer(_in(12), MARIA, "voicemail"),
            Answer(_in(9), MARIA, "no_answer"),
            Answer(_in(18), MARIA, "interested", "wants a figure this week; roof is from 2009"),
        ),
    ),
    Seller(
        "L-1003", "Peter Novak", "SK", "Regina", "31 Albert Street, Regina", "306-555-0133", _ago(days=3), OMAR,
        source="county-list-sk", answers=(
            Answer(_in(40), OMAR, "no_answer", "no consent on file: called instead"),
            Answer(_in(11), OMAR, "not_interested", "just renovated"),
        ),
    ),
    Seller(
        "L-1004", "Marie Gagnon", "QC", "Gatineau", "5 rue Principale, Gatineau", "819-555-0144", _ago(days=2), MARIA,
        "express", answers=(
            Answer(_in(3), MARIA, "no_answer"),
            Answer(_in(16), MARIA, "voicemail"),
            Answer(_in(8), MARIA, "no_answer"),
            Answer(_in(75), MARIA, "no_answer"),
        ),
    ),
    Seller(
        "L-1005", "Bob Fraser", "AB", "Edmonton", "402 Jasper Avenue, Edmonton", "780-555-0155", _ago(days=1, hours=5),
        OMAR, "inquiry", answers=(
            Answer(_in(5), OMAR, "no_answer"),
            Answer(_in(9), OMAR, "callback", "after his shift", call_back_in=timedelta(days=1, hours=8)),
        ),
    ),
    Seller(
        "L-1006", "Ruth Cardinal", "AB", "Calgary", "12 Elm Street, Calgary", "403-555-0166", _ago(days=1, minutes=42),
        MARIA, "inquiry", answers=(
            Answer(_in(7), MARIA, "no_answer"),
            Answer(_in(10), MARIA, "voicemail", "inherited, wants it gone by Christmas"),
            Answer(_in(6), MARIA, "no_answer"),
        ),
    ),
    Seller(
        "L-1007", "Samir Said", "ON", "Mississauga", "77 Lakeshore Road, Mississauga", "905-555-0177",
        _ago(hours=3, minutes=11), MARIA, "inquiry", answers=(
            Answer(_in(5), MARIA, "no_answer"),
            Answer(_in(13), MARIA, "no_answer"),
        ),
    ),
    Seller(
        "L-1008", "Helen Penner", "MB", "Winnipeg", "140 Portage Avenue, Winnipeg", "204-555-0188",
        _ago(hours=1, minutes=38), OMAR, "inquiry", answers=(Answer(_in(9), OMAR, "no_answer"),),
    ),
    Seller(
        "L-1009", "Amy Wong", "BC", "Vancouver", "6 Granville Street, Vancouver", "604-555-0199", _ago(minutes=38),
        consent="inquiry", answers=(Answer(_in(6), LEO, "no_answer"),),
    ),
    Seller(
        "L-1010", "Jean Tremblay", "QC", "Rimouski", "18 rue Saint-Germain, Rimouski", "418-555-0100", _ago(minutes=22),
        MARIA, source="county-list-qc",
    ),
)  # fmt: skip
"""Oldest first. At the start of the demo Ruth Cardinal and Helen Penner are late, three more are due."""
