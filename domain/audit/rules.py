"""Hashes of the audit log: of an event's content, and of a link of the chain."""

import hashlib
from collections.abc import Mapping
from typing import Any

from domain.canonical import digest

GENESIS = "0" * 64
COVERED = (
    "at", "actor", "claimed_actor", "surface", "operation", "target", "outcome", "reason", "correlation_id",
    "before", "after",
)  # fmt: skip


def content_hash(event: Mapping[str, Any]) -> str:
    """Return the hash of everything an event says."""
    return digest([event[name] for name in COVERED])


def link_hash(seq: int, event_id: int, event_hash: str, previous_hash: str) -> str:
    """Return the hash of one link: its place, its event and the link before it."""
    return hashlib.sha256(f"{seq}|{event_id}|{event_hash}|{previous_hash}".encode()).hexdigest()
