"""What the header of a photo says."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from crackscope.photos.metadata import read_header
from crackscope.scanning.records import PhotoMetadata

LIMIT = 10**9


def save_photo(
    path: Path, tags: dict[int, object], details: dict[int, object], gps: dict[int, object]
) -> Path:
    image = Image.new("RGB", (60, 40))
    exif = image.getexif()
    exif.update(tags)
    exif.get_ifd(ExifTags.IFD.Exif).update(details)
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps)
    image.save(path, exif=exif)
    return path


def gps(
    latitude: tuple[object, ...], south: str, longitude: tuple[object, ...], west: str
) -> dict[int, object]:
    tags = ExifTags.GPS
    return {
        tags.GPSLatitude: latitude,
        tags.GPSLatitudeRef: south,
        tags.GPSLongitude: longitude,
        tags.GPSLongitudeRef: west,
    }


def test_date_camera_lens_and_place_are_read(tmp_path: Path) -> None:
    path = save_photo(
        tmp_path / "a.jpg",
        {ExifTags.Base.Make: "DJI", ExifTags.Base.Model: "FC6310", ExifTags.Base.Orientation: 6},
        {
            ExifTags.Base.DateTimeOriginal: "2024:05:01 10:20:30",
            ExifTags.Base.OffsetTimeOriginal: "+02:00",
            ExifTags.Base.FocalLength: IFDRational(88, 10),
        },
        {
            **gps((47.0, 30.0, 36.0), "S", (8.0, 15.0, 0.0), "W"),
            ExifTags.GPS.GPSAltitude: IFDRational(4125, 10),
            ExifTags.GPS.GPSAltitudeRef: b"\x01",
        },
    )
    header = read_header(path, LIMIT)
    assert header is not None
    assert header.photo_hw == (60, 40)
    assert header.metadata == PhotoMetadata(
        taken="2024-05-01T10:20:30+02:00",
        camera="DJI FC6310",
        focal_length_mm=8.8,
        latitude=-47.51,
        longitude=-8.25,
        altitude_m=-412.5,
    )


def test_a_maker_repeated_in_the_model_is_named_once(tmp_path: Path) -> None:
    path = save_photo(
        tmp_path / "a.jpg", {ExifTags.Base.Make: "Canon", ExifTags.Base.Model: "Canon EOS R"}, {}, {}
    )
    header = read_header(path, LIMIT)
    assert header is not None
    assert header.metadata.camera == "Canon EOS R"


@pytest.mark.parametrize(
    "position",
    [
        gps((IFDRational(0, 0),) * 3, "N", (8.0, 0.0, 0.0), "E"),
        gps((97.0, 0.0, 0.0), "N", (8.0, 0.0, 0.0), "E"),
        gps((47.0, 0.0), "N", (8.0, 0.0, 0.0), "E"),
        {ExifTags.GPS.GPSLatitude: (1.0, 2.0, 3.0)},
    ],
)
def test_a_place_that_is_none_is_left_out(tmp_path: Path, position: dict[int, object]) -> None:
    header = read_header(save_photo(tmp_path / "a.jpg", {}, {}, position), LIMIT)
    assert header is not None
    assert (header.metadata.latitude, header.metadata.longitude) == (None, None)


def test_nonsense_dates_are_left_out(tmp_path: Path) -> None:
    path = save_photo(tmp_path / "a.jpg", {}, {ExifTags.Base.DateTimeOriginal: "0000:00:00 00:00:00"}, {})
    header = read_header(path, LIMIT)
    assert header is not None
    assert header.metadata == PhotoMetadata()


def test_what_is_not_a_photo_has_no_header(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"hello")
    assert read_header(tmp_path / "a.jpg", LIMIT) is None
    assert read_header(tmp_path / "missing.jpg", LIMIT) is None


@pytest.mark.parametrize(
    "position",
    [
        gps((47.0, 0.0, 0.0), "", (8.0, 0.0, 0.0), "E"),
        {k: v for k, v in gps((47.0, 0.0, 0.0), "N", (8.0, 0.0, 0.0), "E").items() if k != 3},
        gps((0.0, 0.0, 0.0), "N", (0.0, 0.0, 0.0), "E"),
        {ExifTags.GPS.GPSLatitude: (0.0, 0.0, 0.0), ExifTags.GPS.GPSLongitude: (0.0, 0.0, 0.0)},
        {**gps((47.0, 0.0, 0.0), "N", (8.0, 0.0, 0.0), "E"), ExifTags.GPS.GPSStatus: "V"},
    ],
    ids=["no north or south", "no east or west", "zeros", "zeros alone", "void"],
)
def test_a_place_that_could_be_elsewhere_is_unknown(tmp_path: Path, position: dict[int, object]) -> None:
    header = read_header(save_photo(tmp_path / "a.jpg", {}, {}, position), LIMIT)
    assert header is not None
    assert (header.metadata.latitude, header.metadata.longitude) == (None, None)
