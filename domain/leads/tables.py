"""Sellers and how they may be reached (spec/2, Leads)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Numeric, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.database import Base, RowId
from domain.database.base import BigId

_MERGED = text("merged_into IS NOT NULL")


class Lead(Base):
    """One seller with one property; `lead_id` is the caller's own name for it."""

    __tablename__ = "lead"
    __table_args__ = (Index("ix_lead_merged_into", "merged_into", postgresql_where=_MERGED, sqlite_where=_MERGED),)

    lead_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    seller_name: Mapped[str | None]
    language: Mapped[str] = mapped_column(String(2))
    property_address: Mapped[str | None]
    mailing_address: Mapped[str | None]
    postal_code: Mapped[str | None] = mapped_column(String(7))
    province: Mapped[str] = mapped_column(String(2))
    market: Mapped[str] = mapped_column(String(64))
    property_type: Mapped[str] = mapped_column(String(16))
    score: Mapped[float | None] = mapped_column(Numeric(5, 4, asdecimal=False))
    source: Mapped[str | None] = mapped_column(String(64))
    assignee: Mapped[str | None] = mapped_column(String(64))
    stage: Mapped[str] = mapped_column(String(16))
    merged_into: Mapped[str | None] = mapped_column(String(64))
    """The lead this name stands for now; it never points to a name that is merged itself."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ContactPoint(Base):
    """What a lead is known by: a phone number (E.164), an e-mail address (lower case), a property (folded address).

    One value belongs to one lead; the unique constraint is what makes two names of one seller meet.
    """

    __tablename__ = "contact_point"
    __table_args__ = (UniqueConstraint("kind", "value"), Index(None, "lead_id"))

    id: Mapped[RowId]
    lead_id: Mapped[str] = mapped_column(String(64), ForeignKey("lead.lead_id"))
    kind: Mapped[str] = mapped_column(String(8))
    value: Mapped[str] = mapped_column(String(254))
    zone: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    """Set when it turned out to be a wrong number: it is never used again."""


class ContactConsent(Base):
    """Why a person may be written to, with its evidence."""

    __tablename__ = "contact_consent"
    __table_args__ = (Index(None, "kind", "value"),)

    id: Mapped[RowId]
    kind: Mapped[str] = mapped_column(String(8))
    value: Mapped[str] = mapped_column(String(254))
    channel: Mapped[str] = mapped_column(String(8))
    basis: Mapped[str] = mapped_column(String(24))
    evidence: Mapped[str | None]
    wording: Mapped[str | None]
    captured_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    actor: Mapped[str] = mapped_column(String(64))
    withdrawn_at: Mapped[datetime | None]


class ContactSuppression(Base):
    """A phone or e-mail that must not be used, by identity, across all leads and people."""

    __tablename__ = "contact_suppression"
    __table_args__ = (UniqueConstraint("kind", "value"),)

    id: Mapped[RowId]
    kind: Mapped[str] = mapped_column(String(8))
    value: Mapped[str] = mapped_column(String(254))
    reason: Mapped[str]
    actor: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]


class DnclCopy(Base):
    """A copy of the national do-not-call list for one area code."""

    __tablename__ = "dncl_copy"

    id: Mapped[RowId]
    area_code: Mapped[str] = mapped_column(String(3))
    copied_at: Mapped[datetime]
    imported_at: Mapped[datetime]
    imported_by: Mapped[str] = mapped_column(String(64))
    numbers: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))


class ContactDecision(Base):
    """One immutable answer to “may this person be contacted now”."""

    __tablename__ = "contact_decision"
    __table_args__ = (Index(None, "lead_id", "at"),)

    id: Mapped[RowId]
    at: Mapped[datetime]
    lead_id: Mapped[str | None] = mapped_column(String(64))
    task_id: Mapped[int | None] = mapped_column(BigId)
    channel: Mapped[str] = mapped_column(String(8))
    allowed: Mapped[bool]
    reasons: Mapped[list[Any]]
    zones: Mapped[list[Any]]
    detail: Mapped[dict[str, Any]]
    actor: Mapped[str] = mapped_column(String(64))


class LeadSource(Base):
    """Where leads come from, and how many a day may."""

    __tablename__ = "lead_source"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    max_per_day: Mapped[int | None]
    consent_basis: Mapped[str | None] = mapped_column(String(16))
    until: Mapped[datetime | None]
    changed_by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str | None]
    updated_at: Mapped[datetime]
    version: Mapped[int]
