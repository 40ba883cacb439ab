"""How everything stands, part by part, and the success metrics."""

from bot.blocks import kit
from bot.blocks.kit import Block, Rendered
from bot.blocks.text import count, value, when, words
from domain.snapshots.results import Metric, MetricsView, Overview, PartView, SnapshotLine

MOST_LINES = 20


def overview(found: Overview) -> Rendered:
    """Return the parts there are, what is not as it should be said first."""
    wrong = [line for part in found.items for line in part.lines if line.ok is False]
    named = f"{found.part} part" if found.part else "whole"
    head = (
        "All is as it should be."
        if not wrong
        else f"{count(len(wrong), 'thing is', 'things are')} not as they should be."
    )
    if len(wrong) == 1:
        head = f"One thing is not as it should be: {words(wrong[0].name.strip())} {words(wrong[0].value)}."
    missing = ", ".join(found.not_there)
    return kit.message(
        head if found.items else "There is nothing to show yet.",
        *(_part(part) for part in found.items),
        kit.lines(f"Not there yet: {words(missing)}; it comes with its engine." if missing else None),
        kit.actions(kit.button("Show the metrics", "snapshot.metrics")),
        kit.context("Snapshot", f"the {named}", f"as of {when(found.as_of)}"),
    )


def _part(part: PartView) -> list[Block]:
    lines = [line_of(line) for line in part.lines[:MOST_LINES]]
    return kit.lines(f"*{words(part.title)}*", *lines)


def line_of(line: SnapshotLine) -> str:
    """Return one figure with what it is compared with."""
    wrong = "*NOT AS IT SHOULD BE*  " if line.ok is False else ""
    parts = [said(piece) for piece in line.beside.split("; ")] if line.beside else []
    beside = f"   {'; '.join(parts)}" if parts else ""
    return f"{wrong}{words(line.name)}  *{words(line.value)}*{beside}"


def said(text: str) -> str:
    """Return words of the domain, with every time in them in the reader's clock."""
    return " ".join(_word(word) for word in text.split(" "))


def _word(word: str) -> str:
    bare = word.rstrip(",;.")
    return f"{value(bare)}{word[len(bare) :]}" if "T" in bare and bare[:2].isdigit() else words(word)


def metrics(view: MetricsView) -> Rendered:
    """Return the success metrics against their targets."""
    head = (
        f"{view.met} of {view.judged} targets met in {count(view.days, 'day')}."
        if view.judged
        else f"No target can be judged yet: nothing was measured in {count(view.days, 'day')}."
    )
    return kit.message(
        head,
        kit.lines(*(_metric(item) for item in view.items)),
        kit.actions(kit.button("Show how everything stands", "snapshot.overview")),
        kit.context("Success metrics", f"as of {when(view.as_of)}"),
    )


def _metric(item: Metric) -> str:
    if item.value is None:
        return f"*{words(item.label)}*  {words(item.no_data)}"
    verdict = {True: "MET", False: "MISSED", None: ""}[item.met]
    was = f", was {_figure(item.before, item)}" if item.before is not None else ""
    counted = f" of {item.count:,}" if item.unit == "percent" and item.count else ""
    shown, target = _figure(item.value, item), _figure(item.target, item)
    return f"{verdict}  *{words(item.label)}*  {shown}{counted}{was} (target {target})"


def _figure(figure: float | None, item: Metric) -> str:
    if figure is None:
        return "none"
    return f"{figure * 100:.1f} %".replace(".0 %", " %") if item.unit == "percent" else f"{figure:,.0f}"
