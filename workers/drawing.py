"""Draws a chart as a PNG of 800 by 400 points at twice the pixels, the same bytes for the same chart.

matplotlib is imported inside the functions: it takes most of a second, and only a worker that draws pays it. Figures
are made as objects, without pyplot and its state, so that threads do not meet in them.
"""

import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import cycle
from typing import Any
from zoneinfo import ZoneInfo

from domain.charts.results import Chart, Line, Moment, Panel, Series, Unit

WIDTH, HEIGHT, DPI = 8.0, 4.0, 200
"""Inches and dots per inch: 1600 by 800 pixels."""
COLUMNS = 3
PAPER, INK, SOFT, GRID = "#ffffff", "#1d1c1d", "#616061", "#e4e4e4"
"""An opaque sheet: ink on it is read the same in a light and in a dark Slack."""
ALARM, SHADE = "#a3123a", "#f2c14e"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Okabe and Ito's, which colour-blind people tell apart."""
DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
FEW_POINTS = 40
EDGE = 0.08


def warm_up() -> None:
    """Load the library and its fonts, so that the first chart is as quick as the next."""
    _figure()


def _figure() -> Any:
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    mpl.rcdefaults()  # a matplotlibrc of this machine changes nothing
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor=PAPER, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def draw(chart: Chart, zone: str) -> bytes:
    """Return the PNG of a chart; instants are drawn in the given zone (an IANA name)."""
    figure = _figure()
    place = ZoneInfo(zone)
    figure.suptitle(_plain(chart.title), fontsize=12, fontweight="bold", color=INK, x=0.01, ha="left", wrap=True)
    if chart.panels:
        columns = min(COLUMNS, len(chart.panels))
        grid = figure.subplots(-(-len(chart.panels) // columns), columns, squeeze=False)
        axes = [one for row in grid for one in row]
        for one, panel in zip(axes, chart.panels, strict=False):
            _panel(one, panel, place)
        for one in axes[len(chart.panels) :]:
            one.set_axis_off()
    else:
        _whole(figure.subplots(), chart, place)
    kept = io.BytesIO()
    # No name of the program or its version in the file: the same chart is the same bytes.
    figure.savefig(kept, format="png", dpi=DPI, metadata={"Software": None})
    return kept.getvalue()


def _plain(text: str) -> str:
    return text.replace("$", r"\$")  # otherwise what stands between two of them is set as a formula


def _at(moment: Moment, zone: ZoneInfo) -> datetime:
    """Return a moment as local time without a zone: matplotlib would turn an aware one back into UTC."""
    if isinstance(moment, datetime):
        return moment.astimezone(zone).replace(tzinfo=None)
    return datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 - local time, as above


def _whole(axes: Any, chart: Chart, zone: ZoneInfo) -> None:
    _frame(axes, chart.unit, size=9)
    for shade in chart.shaded:
        axes.axvspan(
            _at(shade.start, zone), _at(shade.end, zone), color=SHADE, alpha=0.3, lw=0,
            label=_plain(shade.label) or None,
        )  # fmt: skip
    _lines_through(axes, chart.series, zone, width=2.0)
    _levels(axes, chart.lines, size=9)
    for mark in chart.marks:
        at = _at(mark.at, zone)
        if mark.y is None:
            axes.axvline(at, color=ALARM, lw=1.6, ls=(0, (4, 2)))
        else:
            axes.plot([at], [mark.y], "v", color=ALARM, ms=9)
        place: dict[str, Any] = (
            {"xy": (at, 1), "xycoords": ("data", "axes fraction"), "xytext": (4, -4), "va": "top"}
            if mark.y is None
            else {"xy": (at, mark.y), "xytext": (4, 8), "va": "bottom"}
        )
        axes.annotate(_plain(mark.label), textcoords="offset points", fontsize=9, color=ALARM, **place)
    _time(axes, _moments(chart.series, zone), size=9)
    if len(chart.series) > 1 or any(shade.label for shade in chart.shaded):
        axes.legend(fontsize=8, frameon=False, loc="best", labelcolor=INK)


def _panel(axes: Any, panel: Panel, zone: ZoneInfo) -> None:
    _frame(axes, panel.unit, size=7)
    axes.set_title(_plain(panel.title), fontsize=9, color=INK, loc="left", fontweight="bold")
    _lines_through(axes, panel.series, zone, width=1.6)
    _levels(axes, panel.lines, size=7)
    _time(axes, _moments(panel.series, zone), size=7)


def _frame(axes: Any, unit: Unit, size: int) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_facecolor(PAPER)
    axes.grid(axis="y", color=GRID, lw=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(SOFT)
    axes.tick_params(labelsize=size, colors=SOFT)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=unit == "count"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _position: said(value, unit)))


def said(value: float, unit: Unit) -> str:
    """Return a number of the axis as a person writes it."""
    if unit == "percent":
        return f"{value * 100:.3g} %"
    whole = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3g}"
    return f"\\${whole}" if unit == "dollars" else whole


def _lines_through(axes: Any, series: Sequence[Series], zone: ZoneInfo, width: float) -> None:
    looks: Iterator[tuple[Any, Any]] = cycle(zip(COLOURS, DASHES, strict=True))
    for one, (colour, dash) in zip(series, looks, strict=False):
        axes.plot(
            [_at(at, zone) for at, _ in one.points],
            [float("nan") if value is None else value for _, value in one.points],
            color=colour, ls=dash, lw=width, label=_plain(one.label), solid_capstyle="round",
            marker="o" if len(one.points) <= FEW_POINTS else None, ms=width * 1.8,
        )  # fmt: skip


def _levels(axes: Any, lines: Sequence[Line], size: int) -> None:
    for line in lines:
        axes.axhline(line.y, color=INK, lw=1.0, ls=(0, (6, 3)))
        axes.annotate(
            _plain(line.label), xy=(1, line.y), xycoords=("axes fraction", "data"), xytext=(-2, 2),
            textcoords="offset points", ha="right", va="bottom", fontsize=size, color=INK,
        )  # fmt: skip
    axes.margins(y=EDGE)


def _moments(series: Sequence[Series], zone: ZoneInfo) -> list[datetime]:
    return sorted(_at(at, zone) for one in series for at, _ in one.points)


def _time(axes: Any, moments: Sequence[datetime], size: int) -> None:
    """Name the days; where all is within two days, the hours."""
    from matplotlib import dates

    days: Any = dates  # published without types
    locator = days.AutoDateLocator(minticks=2, maxticks=4 if size < 8 else 7)  # noqa: PLR2004 - small panels
    axes.xaxis.set_major_locator(locator)
    is_short = bool(moments) and (moments[-1] - moments[0]).total_seconds() < 2 * 86_400
    axes.xaxis.set_major_formatter(days.DateFormatter("%-d %b %H:%M" if is_short else "%-d %b"))
