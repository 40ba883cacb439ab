"""Uploaded files: announced, then filled, then completed."""

from __future__ import annotations

import mimetypes
import secrets
from dataclasses import dataclass
from typing import Any

from bot.slack_double.workspace import Workspace, new_id

JsonDict = dict[str, Any]


@dataclass(slots=True)
class File:
    """One file and how far its upload has come."""

    id: str
    name: str
    size: int
    alt_text: str = ""
    title: str = ""
    content: bytes | None = None
    is_complete: bool = False

    @property
    def media_type(self) -> str:
        """What kind of file its name says it is."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    def as_slack(self, base_url: str) -> JsonDict:
        """The file as messages show it."""
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "size": self.size,
            "mimetype": self.media_type,
            "alt_txt": self.alt_text,
            "url_private": f"{base_url}/files/{self.id}",
        }


class Files:
    """Every file of the workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.files: dict[str, File] = {}
        self._uploads: dict[str, File] = {}

    def announce(self, name: str, size: int, alt_text: str) -> tuple[File, str]:
        """A file to come, and the ticket under which to send it."""
        file = File(new_id("F"), name, size, alt_text)
        ticket = secrets.token_urlsafe(18)
        self.files[file.id] = self._uploads[ticket] = file
        return file, ticket

    def receive(self, ticket: str, content: bytes) -> File | None:
        """Take a file's content; nothing if the ticket is unknown or the length is not the one announced."""
        file = self._uploads.get(ticket)
        if file is None or len(content) != file.size:
            return None
        file.content = content
        del self._uploads[ticket]
        return file

    def complete(self, file: File, title: str) -> None:
        """The upload is done; the file may be shown."""
        file.title, file.is_complete = title, True
        self._workspace.touch("file", file.id)
