"""How a seller is known again, and why he may be written to: pure functions."""

import re
import unicodedata
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

LAYER = "Leads"
POSTAL_CODE = re.compile(r"\b([ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z])[ -]?(\d[ABCEGHJ-NPRSTV-Z]\d)\b", re.IGNORECASE)
_SHORT = {
    "street": "st", "avenue": "ave", "road": "rd", "drive": "dr", "boulevard": "blvd", "crescent": "cres",
    "court": "ct", "place": "pl", "lane": "ln", "highway": "hwy", "north": "n", "south": "s", "east": "e",
    "west": "w", "apartment": "apt", "unit": "apt", "suite": "apt", "rue": "rue", "chemin": "ch",
}  # fmt: skip
LONGEST_KEY = 200


class ContactKind(StrEnum):
    """What a lead is known by."""

    PHONE = "phone"
    EMAIL = "email"
    PROPERTY = "property"
    LEAD = "lead"
    """The name itself; only suppressed, where a person without any contact on file asked us to stop."""


class Channel(StrEnum):
    """The ways to reach somebody; `EMAIL` needs a consent as `SMS` does."""

    SMS = "SMS"
    CALL = "CALL"
    EMAIL = "EMAIL"


class ConsentBasis(StrEnum):
    """The reasons in law that last for a known time (contact rules, section 6 rule 3)."""

    EXPRESS = "express"
    INQUIRY = "inquiry"
    PURCHASE = "purchase"
    CONTRACT = "contract"


_MONTHS = {ConsentBasis.INQUIRY: 6, ConsentBasis.PURCHASE: 24, ConsentBasis.CONTRACT: 24}
WRITTEN = {ContactKind.PHONE: Channel.SMS, ContactKind.EMAIL: Channel.EMAIL}
"""The channel on which a contact is written to, for which a consent is recorded."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One way to know or reach a lead, as its rows stand."""

    contact_id: int
    kind: ContactKind
    value: str
    is_retired: bool = False
    is_suppressed: bool = False


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent that was not withdrawn."""

    kind: ContactKind
    value: str
    channel: Channel
    basis: str
    expires_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        """Whether it has not lapsed."""
        return self.expires_at is None or self.expires_at > now


@dataclass(frozen=True, slots=True)
class Reach:
    """Every way to reach one lead, and the consents on record for them."""

    contacts: tuple[Contact, ...] = ()
    consents: tuple[Consent, ...] = ()

    @property
    def is_suppressed(self) -> bool:
        """Whether the person asked us to stop on any of them, which counts for all of them."""
        return any(contact.is_suppressed for contact in self.contacts)

    @property
    def was_wrong(self) -> bool:
        """Whether a number of theirs turned out to be wrong."""
        return any(contact.is_retired and contact.kind is ContactKind.PHONE for contact in self.contacts)

    def contact(self, channel: Channel) -> Contact | None:
        """Return the newest contact that the channel uses."""
        kind = ContactKind.EMAIL if channel is Channel.EMAIL else ContactKind.PHONE
        usable = [contact for contact in self.contacts if contact.kind is kind and not contact.is_retired]
        return max(usable, key=lambda contact: contact.contact_id, default=None)

    def consent(self, channel: Channel, now: datetime) -> Consent | None:
        """Return the consent on record for writing on `channel` to the contact it uses, the longest first."""
        contact = self.contact(channel)
        if contact is None:
            return None
        good = [
            consent
            for consent in self.consents
            if (consent.kind, consent.value, consent.channel) == (contact.kind, contact.value, channel)
            and consent.is_good(now)
        ]
        return max(good, key=lambda one: (one.expires_at is None, one.expires_at or now), default=None)


def months_after(moment: datetime, months: int) -> datetime:
    """Return the same day of a later calendar month, or that month's last day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def consent_until(basis: ConsentBasis, captured_at: datetime) -> datetime | None:
    """Return when a consent lapses; None where it lasts until it is withdrawn."""
    months = _MONTHS.get(basis)
    return months_after(captured_at, months) if months else None


def postal_code_in(text: str | None) -> str | None:
    """Return the Canadian postal code in a text, as `A1A 1A1`."""
    match = POSTAL_CODE.search(text or "")
    return f"{match[1]} {match[2]}".upper() if match else None


def property_key(address: str | None, postal_code: str | None) -> str | None:
    """Fold an address so that two spellings of one property are equal.

    Without a postal code there is no key: “12 Main Street” is in many towns, and taking two sellers for one would leave
    one of them without a call.
    """
    code = postal_code or postal_code_in(address)
    if not address or not code:
        return None
    street = POSTAL_CODE.sub(" ", address).split(",")[0]
    plain = unicodedata.normalize("NFKD", street.casefold())
    words = re.findall(r"[a-z0-9]+", "".join(one for one in plain if not unicodedata.combining(one)))
    if not words:
        return None
    return f"{code.replace(' ', '')} {' '.join(_SHORT.get(word, word) for word in words)}"[:LONGEST_KEY]


@dataclass(frozen=True, slots=True)
class Known:
    """A lead that some of the given contacts belong to."""

    lead_id: str
    created_at: datetime
    has_open_ladder: bool = False


def survivor(known: Sequence[Known]) -> Known:
    """Return which of several names of one seller stays: one that is being worked on, then the oldest."""
    return min(known, key=lambda lead: (not lead.has_open_ladder, lead.created_at, lead.lead_id))
