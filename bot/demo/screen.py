"""The terminal's screen and keyboard: lines that arrive while somebody types, with and without a real terminal."""

import shutil
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import TextIO

from bot.demo.rendering import WIDTH


class Screen:
    """Prints from any thread; asks from one."""

    def __init__(self, out: TextIO, keyboard: TextIO) -> None:
        """Write to `out`, read from `keyboard`."""
        self._out = out
        self._keyboard = keyboard
        self._lock = threading.Lock()
        self._prompt: str | None = None
        self.is_terminal = out.isatty() and keyboard.isatty()
        self.is_scripted = not keyboard.isatty()
        self.is_asking = False

    @property
    def width(self) -> int:
        """How many columns a line may have."""
        return min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH + 20) if self.is_terminal else WIDTH

    def bold(self, text: str) -> str:
        """Return a text so that a terminal shows it bold; unchanged elsewhere."""
        return f"\033[1m{text}\033[0m" if self.is_terminal and text else text

    def show(self, lines: Iterable[str] | str) -> None:
        """Print lines, above the prompt where somebody is typing."""
        text = lines if isinstance(lines, str) else "\n".join(lines)
        with self._lock, suppress(OSError):  # a terminal that was closed hears nothing, and that stops nobody
            begin = "\r\033[K" if self._prompt is not None and self.is_terminal else ""
            self._out.write(f"{begin}{text}\n")
            if begin:
                self._out.write(f"{self._prompt}{_typed_so_far()}")
            self._out.flush()

    def ask(self, prompt: str) -> str | None:
        """Return the next line typed, None at the end of the input."""
        self._prompt = prompt
        self.is_asking = True
        try:
            line = self._typed(prompt) if self.is_terminal else self._piped()
        finally:
            self.is_asking = False
            self._prompt = None
        if line is not None and not self.is_terminal:
            self.show(f"{prompt}{line}")
        return line

    def _typed(self, prompt: str) -> str | None:
        try:
            with suppress(ImportError):
                import readline  # noqa: F401 - makes input() edit and remember lines
            return input(prompt)
        except EOFError:
            self.show("")
            return None

    def _piped(self) -> str | None:
        line = self._keyboard.readline()
        return line.rstrip("\r\n") if line else None


def _typed_so_far() -> str:
    """Return what stands in the line being typed; nothing on a Python without readline."""
    try:
        import readline
    except ImportError:
        return ""
    return readline.get_line_buffer()


def standard_screen() -> Screen:
    """Return the screen of this process's own terminal or pipes."""
    return Screen(sys.stdout, sys.stdin)
