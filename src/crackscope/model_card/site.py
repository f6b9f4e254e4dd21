"""What a card says of a model that was adapted to a site: what to expect there, and what it carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crackscope.metric_text import TITLES, limits_text, number_text

#: Of `site_rows`.
SITE_COLUMNS = ("", "before", "95 % interval", "after", "95 % interval")


def site_section(training: Mapping[str, Any]) -> str:
    """The section as Markdown; empty where the model is adapted to no site."""
    if "adaptation" not in training:
        return ""
    facts, counts = training["adaptation"], training["adaptation"]["tiles"]
    rule = "|---" + "|---:" * (len(SITE_COLUMNS) - 1) + "|"
    rows = [f"| {' | '.join(cells)} |" for cells in (SITE_COLUMNS, *site_rows(facts["sheet"]))]
    return "\n".join(
        [
            "## Go or no-go on its site",
            "",
            f"{training['adapted_from']['name']} with head, calibration, threshold and review band fitted to "
            f"one site: {counts['positive']:,} Positive and {counts['negative']:,} Negative labelled tiles, "
            f"{counts['healthy']:,} healthy tiles with painted cracks. For that site only.",
            "",
            f"{site_title(facts['sheet'])}:",
            "",
            rows[0],
            rule,
            *rows[1:],
            "",
            *(f"- {note}" for note in (*sheet_notes(facts["sheet"]), *site_notes(facts))),
            "",
            "What follows on data and results is of the model that it was adapted from.",
        ]
    )


def site_title(sheet: Mapping[str, Any]) -> str:
    """What the table of `site_rows` shows."""
    return f"Expected on new photos of this site, from {sheet['judged_on']}"


def site_rows(sheet: Mapping[str, Any]) -> tuple[tuple[str, ...], ...]:
    """Each metric before and after, with its interval."""
    return tuple(
        (TITLES[before["metric"]], *_cells(before), *_cells(after))
        for before, after in zip(sheet["before"], sheet["after"], strict=True)
    )


def sheet_notes(sheet: Mapping[str, Any]) -> Iterator[str]:
    """What the numbers carry, and what more labels would bring."""
    yield from sheet["advice"]
    if len(sheet["curve"]) >= 2:
        points = ", ".join(f"{one['balanced_accuracy']:.3f} from {one['labels']}" for one in sheet["curve"])
        yield f"Learning curve, balanced accuracy by labels: {points}."


def site_notes(facts: Mapping[str, Any]) -> Iterator[str]:
    """What the table does not say: band, familiarity, and what could not be read."""
    yield f"Review band: {facts['review']['reason']}."
    if facts["unfamiliar_before"]:
        yield (
            f"The old model calls {facts['unfamiliar_before']:.0%} of these photos unfamiliar; the new one "
            "knows them."
        )
    if facts["not_read"]:
        yield f"{len(facts['not_read']):,} photos could not be read and were left out."
    if facts["tiles"]["positive"] == 0:
        yield (
            "No real crack of the site was seen: recall is that of painted cracks. A few labelled tiles "
            "would tell."
        )


def _cells(expected: Mapping[str, Any]) -> tuple[str, str]:
    return number_text(expected["value"]), limits_text(expected["low"], expected["high"])
