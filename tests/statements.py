"""Statements compiled once per test process, not once per engine.

A process of Valhalla has one engine for as long as it lives and compiles each statement once. The tests make an
engine for almost every test, and each would compile the same statements again: a third of the time of a test of the
domain. The compiled form depends on the dialect alone, and a run knows one version of each.
"""

import functools
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.util import LRUCache

from domain.database import engine as engines

CAPACITY = 4000
"""More than the whole suite has statements, so that no test's turn decides what another compiles."""


class Compiled(LRUCache[Any, Any]):
    """Compiled statements by everything they depend on: the dialect's name stands for the dialect."""

    def get(self, key: Any, default: Any = None) -> Any:
        """Return what any engine of this kind has compiled."""
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), value)


def share() -> None:
    """Let every `Database` of this process use one cache of compiled statements."""
    compiled = Compiled(CAPACITY)
    create: Callable[..., Engine] = engines.create_engine  # type: ignore[attr-defined]  # used there, not offered

    @functools.wraps(create)
    def create_engine(*args: Any, **options: Any) -> Engine:
        made = create(*args, **options)
        made.update_execution_options(compiled_cache=compiled)
        return made

    engines.create_engine = create_engine  # type: ignore[attr-defined]  # the same
