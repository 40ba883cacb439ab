"""Keeping the workspace in a SQLite file, so that a demo finds everything again after a restart."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.slack_double.backend import Backend
from bot.slack_double.files import File
from bot.slack_double.messages import Message
from bot.slack_double.workspace import Channel, User, UserGroup

JsonDict = dict[str, Any]
DELAY = 0.1


class Storage:
    """Writes what has changed, a moment later and in one transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._dirty: dict[tuple[str, str], None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._backend: Backend | None = None
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._connected() as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS document (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id))"
            )

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=5)

    def touch(self, kind: str, name: str) -> None:
        """Note that this has to be written."""
        self._dirty[kind, name] = None
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        if self._timer is None:
            self._timer = loop.call_later(DELAY, self.flush)

    def flush(self) -> None:
        """Write what has changed."""
        self._timer = None
        changed, self._dirty = list(self._dirty), {}
        if not changed or self._backend is None:
            return
        finders = _finders(self._backend)
        connection = self._connected()
        with connection:
            for kind, name in changed:
                body = finders[kind](name)
                if body is None:
                    connection.execute("DELETE FROM document WHERE kind = ? AND id = ?", (kind, name))
                else:
                    row = (kind, name, json.dumps(body))
                    connection.execute("INSERT OR REPLACE INTO document VALUES (?, ?, ?)", row)
        connection.close()

    def load(self, backend: Backend) -> None:
        """Fill the backend with what was kept, and keep it from now on."""
        connection = self._connected()
        rows = connection.execute("SELECT kind, id, body FROM document ORDER BY kind, id").fetchall()
        connection.close()
        takers = _takers(backend)
        for kind, name, body in rows:
            takers[kind](name, json.loads(body))
        self._backend = backend


def _finders(backend: Backend) -> dict[str, Callable[[str], JsonDict | None]]:
    """How to find the present body of each kind of document; None if it is gone."""
    workspace = backend.workspace

    def message(name: str) -> JsonDict | None:
        found = backend.messages.find(*name.split("/"))
        return asdict(found) if found else None

    def file(name: str) -> JsonDict:
        found = backend.files.files[name]
        return asdict(found) | {"content": base64.b64encode(found.content or b"").decode()}

    return {
        "user": lambda name: asdict(workspace.users[name]),
        "channel": lambda name: asdict(workspace.channels[name]),
        "group": lambda name: asdict(workspace.groups[name]),
        "message": message,
        "home": lambda name: backend.views.homes[name],
        "file": file,
    }


def _takers(backend: Backend) -> dict[str, Callable[[str, JsonDict], None]]:
    """How to take each kind of document back."""
    workspace = backend.workspace

    def message(_name: str, body: JsonDict) -> None:
        held = Message(**body)
        backend.messages.conversation(held.channel).add(held)

    def file(name: str, body: JsonDict) -> None:
        backend.files.files[name] = File(**body | {"content": base64.b64decode(body["content"])})

    return {
        "user": lambda name, body: workspace.users.update({name: User(**body)}),
        "channel": lambda name, body: workspace.channels.update({name: Channel(**body)}),
        "group": lambda name, body: workspace.groups.update({name: UserGroup(**body)}),
        "message": message,
        "home": backend.views.restore_home,
        "file": file,
    }
