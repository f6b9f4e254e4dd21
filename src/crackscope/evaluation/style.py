"""How every figure looks: calm, labelled, and readable without telling red from green."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from crackscope.labels import Label
from crackscope.storage import atomic_path

DPI = 150

#: Of Okabe and Ito's palette, which every kind of colour vision tells apart.
CLASS_COLOURS = {Label.NEGATIVE: "#0072B2", Label.POSITIVE: "#E69F00"}
LINE = "#0072B2"
MARK = "#D55E00"
RIGHT, WRONG = "#009E73", "#D55E00"
FAINT = "0.6"
SHADE = "0.9"


def new_figure(width_in: float, height_in: float, title: str) -> Figure:
    """An empty figure with its title; drawn without pyplot, so that it holds no global state."""
    figure = Figure(figsize=(width_in, height_in), dpi=DPI, layout="constrained")
    figure.suptitle(title, fontsize=11)
    return figure


def dress(axes: Axes, *, x: str, y: str) -> None:
    """Label the axes and take away what carries nothing."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(color=SHADE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def dress_shares(axes: Axes, *, x: str, y: str) -> None:
    """Axes of two shares: square, from 0 to 1, with a little air so that lines at the edge are seen."""
    dress(axes, x=x, y=y)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")


def add_legend(axes: Axes, place: Literal["lower left", "lower right"]) -> None:
    """A legend on white, so that lines behind it don't cross its words."""
    axes.legend(loc=place, facecolor="white", framealpha=0.9, edgecolor="none", fontsize=8.5)


def dress_counts(axes: Axes) -> None:
    """A vertical axis of counts from 0 to thousands: logarithmic from 1 on, in plain numbers."""
    axes.set_yscale("symlog", linthresh=1)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def save(figure: Figure, target: Path) -> None:
    """Write a PNG that is whole or not there."""
    with atomic_path(target) as temporary:
        figure.savefig(temporary, format="png")
