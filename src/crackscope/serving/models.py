"""The tables: projects, their elements, photos, scans and results, every review and every finding."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.types import TypeDecorator


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC, also in SQLite, which forgets time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Keep UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back the zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of all tables; constraints get names, so that migrations can change them anywhere."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[dict[str, Any]]: JSON,
        list[int]: JSON(none_as_null=True),
        bytes: LargeBinary,
    }


class Project(Base):
    """An inspection of one structure or element."""

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    structure: Mapped[str] = mapped_column(String(200), default="")
    element: Mapped[str] = mapped_column(String(200), default="")
    inspector: Mapped[str] = mapped_column(String(200), default="")
    inspected_on: Mapped[date | None]
    notes: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    #: By which classes findings are rated: a shipped list, "own", or none; and the own one, a class a line.
    condition_list: Mapped[str] = mapped_column(String(40), default="", server_default="")
    own_conditions: Mapped[str] = mapped_column(Text, default="", server_default="")
    #: The number given last; it only grows, so that no finding gets the number of a deleted one.
    last_finding: Mapped[int] = mapped_column(default=0, server_default="0")
    report_number: Mapped[str] = mapped_column(String(200), default="", server_default="")
    letterhead: Mapped[str] = mapped_column(Text, default="", server_default="")


class Logo(Base):
    """The logo on a project's report, as `reporting.logo` makes it."""

    __tablename__ = "logos"

    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    png: Mapped[bytes]


class Element(Base):
    """A part of the structure: pier 1, deck underside; ``mm_per_px`` is for photos that are added to it."""

    __tablename__ = "elements"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    mm_per_px: Mapped[float | None]

    __table_args__ = (UniqueConstraint("project_id", "name"),)


class Job(Base):
    """A scan of an upload's photos, or a comparison: queued, running, done, failed or cancelled."""

    __tablename__ = "jobs"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), default="scan")
    status: Mapped[str] = mapped_column(String(16), default="queued", index=True)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    settings: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    project_id: Mapped[int | None]
    #: Made by the client, so that an upload whose answer was lost is stored once.
    key: Mapped[str | None] = mapped_column(String(64), unique=True)


class Photo(Base):
    """An uploaded photo: queued, running, done or failed.

    ``attempts`` counts scans that were begun and never ended, so that a photo that takes the server down
    does so no more than twice. ``label``, ``decision_id`` (the review that settled it), ``decided_as_whole``
    and ``question`` are what counts; `verdicts` alone writes them.
    """

    __tablename__ = "photos"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"), index=True)
    name: Mapped[str] = mapped_column(String(255))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    width_px: Mapped[int] = mapped_column(default=0)
    height_px: Mapped[int] = mapped_column(default=0)
    size_bytes: Mapped[int]
    taken_at: Mapped[str | None] = mapped_column(String(40))
    camera: Mapped[str | None] = mapped_column(String(200))
    focal_length_mm: Mapped[float | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    uploaded_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    status: Mapped[str] = mapped_column(String(16), default="queued", index=True)
    error: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    #: How it is scanned: overlap, tile_px, threshold, mm_per_px.
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    label: Mapped[str | None] = mapped_column(String(16))
    decision_id: Mapped[int | None]
    decided_as_whole: Mapped[bool] = mapped_column(default=False, server_default=false())
    question: Mapped[str | None] = mapped_column(String(40))
    element_id: Mapped[int | None] = mapped_column(ForeignKey("elements.id", ondelete="SET NULL"), index=True)
    #: The scale that a person measured between two points: mm_per_px, points_xy, length_mm, who.
    scale: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    results: Mapped[list[Result]] = relationship(cascade="all, delete-orphan", passive_deletes=True)
    reviews: Mapped[list[Review]] = relationship(cascade="all, delete-orphan", passive_deletes=True)


class Result(Base):
    """What the model said of a photo; the latest of a photo counts."""

    __tablename__ = "results"

    id: Mapped[int] = mapped_column(primary_key=True)
    photo_id: Mapped[int] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"), index=True)
    model_sha256: Mapped[str] = mapped_column(String(64))
    settings: Mapped[dict[str, Any]]
    label: Mapped[str] = mapped_column(String(16))
    score: Mapped[float]
    threshold: Mapped[float]
    reason: Mapped[str | None] = mapped_column(String(40))
    cracked_share: Mapped[float]
    tile_px: Mapped[int]
    regions: Mapped[list[dict[str, Any]]]
    grid: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    created_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def review(self) -> bool:
        """Whether the model asks a person to look."""
        return self.reason is not None


class Review(Base):
    """One act of a person; rows are only ever added, and an undone one says so."""

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    photo_id: Mapped[int] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"), index=True)
    box_ltrb: Mapped[list[int] | None]
    action: Mapped[str] = mapped_column(String(16))
    old_label: Mapped[str | None] = mapped_column(String(16))
    new_label: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text, default="")
    who: Mapped[str] = mapped_column(String(64))
    model_sha256: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)
    undone: Mapped[bool] = mapped_column(default=False)
    #: Made by the client, so that an act whose answer was lost is stored once.
    key: Mapped[str | None] = mapped_column(String(64), unique=True)
    #: Unique, so that two tabs can't undo the same act.
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"), unique=True)

    __table_args__ = (Index(None, "who", "undone"),)


class FindingRow(Base):
    """A finding's number and place in the project; what is stated of it are its acts."""

    __tablename__ = "findings"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    photo_id: Mapped[int] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]

    __table_args__ = (UniqueConstraint("project_id", "number"),)


class FindingAct(Base):
    """What a person stated of a finding; rows are only ever added, the last one counts."""

    __tablename__ = "finding_acts"

    id: Mapped[int] = mapped_column(primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("findings.id", ondelete="CASCADE"), index=True)
    #: As `inspection.findings` writes it; nothing where the finding was withdrawn.
    statement: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    who: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)
    #: Made by the client, so that a statement whose answer was lost is stored once.
    key: Mapped[str | None] = mapped_column(String(64), unique=True)


class LabelAnswer(Base):
    """What one person saw in a photo whose label is looked at again; saying it anew replaces it."""

    __tablename__ = "label_answers"

    photo_id: Mapped[int] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"), primary_key=True)
    who: Mapped[str] = mapped_column(String(64), primary_key=True)
    seen: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(default=now)
