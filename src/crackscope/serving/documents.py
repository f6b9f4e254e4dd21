"""What the API answers with, made from the rows of the database."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from crackscope.inspection.codec import region_millimetres, region_of
from crackscope.inspection.findings import FindingKind, ShapeKind, WidthMethod
from crackscope.inspection.records import Place, Verdict
from crackscope.serving.models import Photo, Result, Review
from crackscope.serving.scales import scale_of


class _FromRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ProjectDocument(_FromRow):
    """A project and how far its photos are."""

    id: int
    name: str
    structure: str
    element: str
    inspector: str
    inspected_on: date | None
    notes: str
    created_at: datetime
    condition_list: str
    own_conditions: str
    photos: int = 0
    report_number: str
    letterhead: str
    has_logo: bool = False


class JobDocument(_FromRow):
    """A scan or comparison: queued, running, done, failed or cancelled; ``done`` of ``total`` photos are."""

    id: int
    kind: str
    status: str
    done: int
    total: int
    error: str | None
    settings: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    project_id: int | None
    project: str | None = None


class ResultDocument(_FromRow):
    """What the model said; regions as in ``results.json`` of ``crackscope scan``."""

    id: int
    model_sha256: str
    settings: dict[str, Any]
    label: str
    score: float
    threshold: float
    review: bool
    reason: str | None
    cracked_share: float
    tile_px: int
    regions: list[dict[str, Any]]
    created_at: datetime


class ReviewDocument(_FromRow):
    """One act of a person."""

    id: int
    photo_id: int
    box_ltrb: list[int] | None
    action: str
    old_label: str | None
    new_label: str | None
    note: str
    who: str
    model_sha256: str | None
    created_at: datetime
    undone: bool
    undoes_id: int | None


class PlaceDocument(BaseModel):
    """A region of the model or a box that a person drew, as it counts.

    ``label`` is Negative where it was rejected, by itself or with the whole photo. ``name`` is the region's
    number, or a letter for a drawn box, for good. ``review_id`` is what settled it; without one only the
    model has spoken. ``score`` and ``area_px`` are the model's.
    """

    name: str
    box_ltrb: list[int]
    label: str
    drawn: bool
    score: float | None
    area_px: int | None
    review_id: int | None
    who: str | None


class MeasuredScale(BaseModel):
    """How a scale was measured: between two points of this photo, or of the photo it was taken over from."""

    points_xy: list[list[int]] | None = None
    length_mm: float | None = None
    who: str | None = None
    photo_id: int | None = None


class ScaleDocument(BaseModel):
    """What a pixel shows; without ``mm_per_px`` the photo is uncalibrated: nothing in it has millimetres."""

    mm_per_px: float | None
    source: str
    measured: MeasuredScale | None = None


class ConditionClassDocument(BaseModel):
    """One class of a condition list."""

    code: str
    en: str
    de: str


class ConditionScaleDocument(BaseModel):
    """The classes to choose one from; ``code`` stands before the class, where it is not empty."""

    code: str
    name: dict[str, str]
    classes: list[ConditionClassDocument]


class ConditionListDocument(BaseModel):
    """By which classes findings are rated."""

    title: str
    source: str
    scales: list[ConditionScaleDocument]


class RatingDocument(BaseModel):
    """A class of one scale; ``scale`` is empty where the list has only one."""

    scale: str
    code: str


class ShapeDocument(BaseModel):
    """A box (two corners), a polygon or a polyline, in pixels of the upright photo."""

    kind: ShapeKind
    points_xy: list[list[int]]


class StatementDocument(BaseModel):
    """What a person states of a place."""

    version: int
    kind: FindingKind
    shape: ShapeDocument
    width_mm: float | None
    width_method: WidthMethod | None
    ratings: list[RatingDocument]
    recommendation: str
    note: str


class FindingDocument(BaseModel):
    """A finding: ``number`` is its own in the project for good. ``length_mm`` needs the photo's scale."""

    id: int
    number: int
    statement: StatementDocument
    photo_id: int
    photo: str
    photo_sha256: str
    element: str
    who: str
    when: datetime
    mm_per_px: float | None
    box_ltrb_px: list[int]
    length_px: float | None
    length_mm: float | None
    act_id: int


class FindingActDocument(BaseModel):
    """An act on a finding; without a statement it was withdrawn."""

    id: int
    finding_id: int
    number: int
    statement: StatementDocument | None
    who: str
    created_at: datetime


class ElementDocument(BaseModel):
    """A part of the structure with the counts of its photos and findings; ``id`` 0: the photos of none."""

    id: int
    name: str
    mm_per_px: float | None
    photos: int
    positive: int
    negative: int
    needed: int
    reviewed: int
    failed: int
    findings: int


class PhotoDocument(_FromRow):
    """A photo, what the model said of it, and what people decided.

    ``label`` is the one that counts, and ``decision`` the review that settled it, of the photo or of a place
    called Positive; without one it is the model's. ``places`` are regions and drawn boxes as they count.
    ``question`` is what only a person can answer: after ``every region rejected``, or where a
    ``crack stated`` as a finding meets a Negative photo, it is what the photo is now.
    ``same_as`` is the first photo of the project with the very same file.
    """

    id: int
    project_id: int | None
    job_id: int
    name: str
    sha256: str
    width_px: int
    height_px: int
    size_bytes: int
    taken_at: str | None
    camera: str | None
    focal_length_mm: float | None
    latitude: float | None
    longitude: float | None
    uploaded_at: datetime
    expires_at: datetime | None
    status: str
    error: str | None
    settings: dict[str, Any]
    element_id: int | None
    scale: ScaleDocument
    same_as: int | None
    label: str | None
    reviewed: bool
    question: str | None
    decision: ReviewDocument | None = None
    places: list[PlaceDocument]
    result: ResultDocument | None = None


def photo_document(
    photo: Photo, result: Result | None, verdict: Verdict, decision: Review | None, same_as: Photo | None
) -> PhotoDocument:
    """A photo with its current result and what counts."""
    known = {name: getattr(photo, name) for name in PhotoDocument.model_fields if hasattr(photo, name)}
    scale = scale_of(photo, result)
    return PhotoDocument.model_validate(
        {
            **known,
            "scale": {"mm_per_px": scale.mm_per_px, "source": scale.source, "measured": photo.scale},
            "same_as": None if same_as is None else same_as.id,
            "label": verdict.label,
            "reviewed": verdict.act is not None,
            "question": verdict.question,
            "decision": None if decision is None else ReviewDocument.model_validate(decision),
            "places": [place_document(place) for place in verdict.places],
            "result": None if result is None else _result_document(result, scale.mm_per_px),
        }
    )


def _result_document(result: Result, mm_per_px: float | None) -> ResultDocument:
    """The result; millimetres by the scale that counts now, which may be known only since the scan."""
    document = ResultDocument.model_validate(result)
    document.regions = [
        {**region, **region_millimetres(region_of(region), mm_per_px)} for region in document.regions
    ]
    return document


def place_document(place: Place) -> PlaceDocument:
    """A place as it counts."""
    return PlaceDocument(
        name=place.name,
        box_ltrb=list(place.box_ltrb),
        label=place.label,
        drawn=place.region is None,
        score=None if place.region is None else place.region.score,
        area_px=None if place.region is None else place.region.area_px,
        review_id=None if place.act is None else place.act.id,
        who=None if place.act is None else place.act.who,
    )
