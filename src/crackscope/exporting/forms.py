"""The forms in which things are exported, by name; importing this loads nothing."""

from __future__ import annotations

from enum import StrEnum


class PlacesForm(StrEnum):
    """How places are written; the value is the file's ending."""

    CSV = "csv"
    GEOJSON = "geojson"
    GPKG = "gpkg"
    DXF = "dxf"
    ZIP = "zip"


class LabelForm(StrEnum):
    """A format of labels."""

    COCO = "coco"
    YOLO = "yolo"
    LABEL_STUDIO = "label-studio"
    CSV = "csv"

    @property
    def ending(self) -> str:
        """Of its file."""
        return {"yolo": "zip", "csv": "csv"}.get(self, "json")
