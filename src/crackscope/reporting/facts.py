"""What a report states line by line: the inspection, the numbers, the model, its limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crackscope.bundle import ModelConfig
from crackscope.labels import Label
from crackscope.reporting.records import ModelFacts, PhotoEntry, Report
from crackscope.reporting.words import Words

#: A name and what is said under it.
Fact = tuple[str, str]

LIMITS = ("widths", "negative", "lookalikes", "thin", "foreign", "score", "seen")
READING = ("score", "threshold", "uncertain", "unfamiliar", "regions", "area", "decision", "hash")
#: Exposure and width in mm, ACI 224R-01 (reapproved 2008), table 4.1.
ACI_224R = (("dry", 0.41), ("moist", 0.30), ("deicing", 0.18), ("seawater", 0.15), ("retaining", 0.10))
#: Exposure classes and width in mm of reinforced and of prestressed concrete with bonded tendons
#: (``None``: decompression), EN 1992-1-1:2004, table 7.1N.
EUROCODE_2 = (
    ("X0, XC1", 0.4, 0.2),
    ("XC2, XC3, XC4", 0.3, 0.2),
    ("XD1, XD2, XS1, XS2, XS3", 0.3, None),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Photos by class; those that could not be scanned have none.

    Attributes:
        marked: Those the model asks a person to look at; ``open`` are those nobody has looked at.
    """

    positive: int
    negative: int
    failed: int
    marked: int
    open: int

    @property
    def total(self) -> int:
        """All photos."""
        return self.positive + self.negative + self.failed

    def share(self, count: int) -> float:
        """As a share of all photos; 0 where there are none."""
        return count / self.total if self.total else 0.0


def count(photos: Sequence[PhotoEntry], *, by_model: bool) -> Counts:
    """Count photos by the model's label, or by the one that counts after review."""
    labels = [photo.label if by_model else photo.final_label for photo in photos]
    return Counts(
        positive=labels.count(Label.POSITIVE),
        negative=labels.count(Label.NEGATIVE),
        failed=labels.count(None),
        marked=sum(photo.reason is not None for photo in photos),
        open=sum(photo.review_open for photo in photos),
    )


def title(report: Report, words: Words) -> str:
    """The report's own title, else the usual one."""
    return report.inspection.title or words("title")


def running_title(report: Report, words: Words) -> str:
    """What stands at the foot of every page: a page that went astray says where it belongs."""
    inspection = report.inspection
    day = "" if inspection.inspected_on is None else words.date(inspection.inspected_on)
    number = words("number_is", number=inspection.number) if inspection.number else ""
    return " · ".join(part for part in (title(report, words), number, inspection.structure, day) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """The photos of an element, or all of them where there are no elements.

    Attributes:
        id: Of its heading, in HTML.
        about: How many photos, cracked ones and findings it has; empty where the summary says it.
    """

    id: str
    title: str
    about: str
    photos: tuple[PhotoEntry, ...]

    @property
    def shown(self) -> tuple[PhotoEntry, ...]:
        """The photos that are shown as pictures."""
        return tuple(photo for photo in self.photos if photo.worth_showing)


def chapters(report: Report, words: Words) -> list[Chapter]:
    """A chapter for each element by name, then one for the photos of none."""
    if not report.elements:
        return [Chapter(id="photos", title=words("section.photos"), about="", photos=report.photos)]
    found = []
    for number, name in enumerate((*report.elements, ""), start=1):
        photos = tuple(photo for photo in report.photos if photo.element == name)
        title = words("section.element", name=name) if name else words("section.no_element")
        if photos:
            found.append(
                Chapter(id=f"element-{number}", title=title, about=_about(photos, words), photos=photos)
            )
    return found


def _about(photos: Sequence[PhotoEntry], words: Words) -> str:
    counts = count(photos, by_model=False)
    findings = sum(len(photo.findings) for photo in photos)
    return words(
        "element.about",
        photos=counts.total,
        positive=counts.positive,
        open=counts.open,
        reviewed=sum(photo.reviewed for photo in photos),
        findings=findings,
    )


def has_widths(report: Report) -> bool:
    """Whether anyone typed a crack's width: only then do the standards' tables say anything."""
    return any(finding.statement.width_mm is not None for _, finding in report.findings)


def left_out(photos: Sequence[PhotoEntry], words: Words) -> Iterator[str]:
    """The photos that are not shown as pictures, by number, and why."""
    hidden = [photo for photo in photos if not photo.worth_showing]
    for key, numbers in (
        ("photo.left_out_negative", [photo.number for photo in hidden if photo.label is not None]),
        ("photo.left_out_failed", [photo.number for photo in hidden if photo.label is None]),
    ):
        if numbers:
            yield words(key, numbers=ranges(numbers))


def ranges(numbers: Sequence[int]) -> str:
    """Growing numbers in few words: 1–3, 5, 8–9."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in spans)


def review_sentence(report: Report, words: Words) -> str:
    """How many photos a person decided on; the others have the model's label."""
    reviewed = len(report.reviewed)
    if not reviewed:
        return words("summary.no_reviews")
    return words("summary.reviewed", reviewed=reviewed, photos=len(report.photos))


def no_decisions(report: Report) -> str:
    """The key of what is said where nobody decided on a label; findings are no decisions."""
    return "empty.decisions" if report.findings else "empty.reviews"


def signed_sentence(report: Report, words: Words) -> str:
    """What is signed: true of this report, and no claim to have looked where nobody did."""
    reviewed = len(report.reviewed)
    if not reviewed:
        return words("signature.no_reviews")
    key = "signature.all" if reviewed == len(report.photos) else "signature.some"
    return words(key, reviewed=reviewed, photos=len(report.photos))


def inspection_facts(report: Report, words: Words) -> Iterator[Fact]:
    """What was inspected, by whom, when and with what."""
    inspection, missing = report.inspection, words("not_stated")
    if inspection.number:
        yield words("fact.number"), inspection.number
    if inspection.project:
        yield words("fact.project"), inspection.project
    yield words("fact.structure"), inspection.structure or missing
    yield words("fact.element"), inspection.element or ", ".join(report.elements) or missing
    yield words("fact.inspector"), inspection.inspector or missing
    day = inspection.inspected_on
    yield words("fact.date"), missing if day is None else words.date(day)
    yield words("fact.taken"), _taken(report.photos, words)
    cameras = sorted({photo.camera for photo in report.photos if photo.camera})
    yield words("fact.camera"), "; ".join(cameras) or words("fact.unknown")
    yield words("fact.scale"), _scale(report.photos, words)
    yield words("fact.model"), "; ".join(_model_name(model, words) for model in report.models) or missing
    yield words("fact.threshold"), _thresholds(report, words)
    if inspection.notes:
        yield words("fact.notes"), inspection.notes


def model_facts(report: Report, model: ModelFacts, words: Words) -> Iterator[Fact]:
    """One model: where it came from, how it decides, how good it was on its test photos."""
    yield words("method.name"), model.name or words("fact.unknown")
    yield "SHA-256", model.sha256
    config = model.config
    if config is None:
        yield words("method.more"), words("method.no_card")
    else:
        yield words("method.made"), config.created
        yield words("method.network"), _network(config, words)
        yield words("method.trained"), _trained(config, words)
        yield words("method.own_threshold"), _own_threshold(config, words)
        calibration = config.calibration
        yield (
            words("method.calibration"),
            words("method.calibration_is", method=calibration.method, photos=calibration.fitted_on),
        )
        yield words("method.review"), _review(config, words)
        tested = _tested(config, words)
        if tested:
            yield words("method.tested"), tested


def scan_facts(report: Report, words: Words) -> Iterator[Fact]:
    """How the photos were scanned."""
    yield words("method.threshold"), _thresholds(report, words)
    sides = sorted({side for photo in report.photos for side in photo.tile_px})
    if sides:
        key = "method.tiles_are" if len(sides) == 1 else "method.tiles_range"
        yield words("method.tiles"), words(key, low=sides[0], high=sides[-1])
    if report.overlaps:
        overlaps = sorted({words.percent(overlap, 0) for overlap in report.overlaps})
        yield words("method.overlap"), ", ".join(overlaps)
    yield words("method.software"), f"crackscope {report.crackscope_version}"


def _taken(photos: Sequence[PhotoEntry], words: Words) -> str:
    # The camera's clock, without its zone: with it, times of different cameras can't be compared as text.
    times = sorted(photo.taken[:19] for photo in photos if photo.taken)
    if not times:
        return words("fact.unknown")
    first, last = words.taken(times[0]), words.taken(times[-1])
    return first if first == last else words("fact.from_to", first=first, last=last)


def _scale(photos: Sequence[PhotoEntry], words: Words) -> str:
    scanned = [photo for photo in photos if photo.label is not None]
    scales = [photo.mm_per_px for photo in scanned if photo.mm_per_px is not None]
    if not scales:
        return words("fact.uncalibrated")
    low, high = words.number(min(scales)), words.number(max(scales))
    scale = low if low == high else words("fact.from_to", first=low, last=high)
    if len(scales) < len(scanned):
        return words("fact.scale_of_some", scale=scale, known=len(scales), photos=len(scanned))
    return words("fact.scale_is", scale=scale)


def _model_name(model: ModelFacts, words: Words) -> str:
    return f"{model.name or words('fact.unknown')} ({model.sha256[:12]})"


def _thresholds(report: Report, words: Words) -> str:
    used = sorted({photo.threshold for photo in report.photos if photo.threshold is not None})
    owns = {model.config.threshold.value for model in report.models if model.config is not None}
    if not used:
        return words("not_stated")
    kind = "method.of_model" if set(used) <= owns else "method.of_user" if owns else "method.of_unknown"
    return words(kind, threshold=", ".join(words.score(value) for value in used))


def _network(config: ModelConfig, words: Words) -> str:
    height, width = config.input_hw
    return words("method.network_is", backbone=config.backbone, width=width, height=height)


def _trained(config: ModelConfig, words: Words) -> str:
    data = config.training.get("data", {})
    note = data.get("note") or ", ".join(data.get("sources", {}))
    return str(note) if note else words("fact.unknown")


def _own_threshold(config: ModelConfig, words: Words) -> str:
    own = config.threshold
    return words("method.threshold_is", value=words.score(own.value), rule=own.rule, photos=own.fitted_on)


def _review(config: ModelConfig, words: Words) -> str:
    parts = []
    band = config.review
    if band is not None and band.low <= band.high:
        parts.append(
            words(
                "method.band", low=words.score(band.low), high=words.score(band.high), photos=band.fitted_on
            )
        )
    if config.familiarity is not None:
        share = words.percent(config.familiarity.quantile, 0)
        parts.append(words("method.familiarity", share=share, photos=config.familiarity.fitted_on))
    return " ".join(parts) or words("method.no_review")


def _tested(config: ModelConfig, words: Words) -> str:
    test = config.training.get("test", {})
    metrics, intervals = test.get("metrics", {}), test.get("intervals", {})
    parts = []
    for name in ("balanced_accuracy", "recall", "specificity"):
        if name in metrics and name in intervals:
            low, high = (words.score(limit) for limit in intervals[name])
            value = words.score(metrics[name])
            parts.append(words(f"metric.{name}", value=value, low=low, high=high))
    return words("method.tested_is", photos=test.get("n", 0), metrics="; ".join(parts)) if parts else ""
