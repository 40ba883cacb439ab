"""The Web API methods, one module for each family."""

from importlib import import_module

_FAMILIES = ("auth", "chat", "conversations", "history", "directory", "views", "files")


def load() -> None:
    """Import every family, so that its methods register."""
    for family in _FAMILIES:
        import_module(f"{__name__}.{family}")
