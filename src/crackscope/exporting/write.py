"""Write what was found: the file's ending chooses the form."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crackscope.errors import SettingsError
from crackscope.exporting.annotated import write_pictures
from crackscope.exporting.dxf import write_dxf
from crackscope.exporting.forms import PlacesForm
from crackscope.exporting.geojson import write_geojson
from crackscope.exporting.geopackage import write_geopackage
from crackscope.exporting.records import Exported, ExportedPhoto
from crackscope.exporting.tables import write_csv
from crackscope.storage import atomic_path

_WRITERS = {
    PlacesForm.CSV: write_csv,
    PlacesForm.GEOJSON: write_geojson,
    PlacesForm.GPKG: write_geopackage,
    PlacesForm.ZIP: write_pictures,
}


def places_form(target: Path) -> PlacesForm:
    """The form that a file's ending names.

    Raises:
        SettingsError: It names none.
    """
    try:
        return PlacesForm(target.suffix.lower().lstrip("."))
    except ValueError:
        endings = ", ".join(f".{form}" for form in PlacesForm)
        raise SettingsError(f"{target.name} has no ending that names an export; expected {endings}") from None


def write_places(target: Path, photos: Sequence[ExportedPhoto], *, pixels: bool = False) -> Exported:
    """Write the places that count, whole or not at all.

    Args:
        target: Its ending chooses the form.
        photos: From a scan's folder or a project.
        pixels: A drawing in pixels even where maps are known.

    Raises:
        SettingsError: The ending is unknown.
        DataError: The form can't hold them; says why.
        MissingExtraError: A form's package is not installed.
        OutputError: The file can't be written.
    """
    form = places_form(target)
    with atomic_path(target) as temporary:
        if form is PlacesForm.DXF:
            return write_dxf(temporary, photos, pixels=pixels)
        return _WRITERS[form](temporary, photos)
