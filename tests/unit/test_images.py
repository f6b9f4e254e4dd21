"""Photos of every kind are read as their plain file would be, or refused with a reason."""

from __future__ import annotations

import io
import os
import struct
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from crackscope import images
from crackscope.errors import PhotoError, PhotoTooLargeError, PhotoTooSmallError, UnreadablePhotoError
from crackscope.images import IMAGE_SUFFIXES, MIN_SIDE_PX, photo_from_image, read_photo

Pixels = NDArray[np.uint8]


def _texture(height: int = 61, width: int = 83) -> Pixels:
    """Colourful, different in every corner, with fine detail: turns and shifts show."""
    random = np.random.default_rng(5)
    coarse = random.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    noise = random.integers(-20, 20, (height, width, 1))
    return np.clip(smooth.astype(int) + noise, 0, 255).astype(np.uint8)


def _encoded(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _by_pillow(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


PIXELS = _texture()
IMAGE = Image.fromarray(PIXELS)
GREY = IMAGE.convert("L")


class TestJpeg:
    @pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
    @pytest.mark.parametrize("progressive", [False, True])
    @pytest.mark.parametrize("mode", ["RGB", "L"])
    @pytest.mark.parametrize("size_hw", [(64, 64), (61, 83), (17, 130)])
    def test_the_fast_decoder_gives_pillows_pixels(
        self, subsampling: str, progressive: bool, mode: str, size_hw: tuple[int, int]
    ) -> None:
        image = Image.fromarray(_texture(*size_hw)).convert(mode)
        data = _encoded(image, "JPEG", subsampling=subsampling, progressive=progressive, quality=80)
        photo = read_photo(data)
        assert photo.photo_hw == size_hw
        np.testing.assert_array_equal(photo.pixels_hwc, _by_pillow(data))

    def test_real_photos_give_pillows_pixels(self, real_data: Path) -> None:
        folders = ["metu/Positive", "metu/Negative", "sdnet2018/W/CW", "bridge/Positive", "uav75/images"]
        for folder in folders:
            paths = sorted((real_data / folder).glob("*.jpg"))
            for path in paths[:: len(paths) // 8]:
                np.testing.assert_array_equal(read_photo(path).pixels_hwc, _by_pillow(path.read_bytes()))

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF"])
    def test_every_exif_orientation_is_turned_upright(self, orientation: int, form: str) -> None:
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = _encoded(IMAGE, form, exif=exif, **({"lossless": True} if form == "WEBP" else {}))
        photo = read_photo(data)
        np.testing.assert_array_equal(photo.pixels_hwc, _by_pillow(data))
        assert photo.photo_hw == photo.pixels_hwc.shape[:2]
        assert photo.photo_hw == ((83, 61) if orientation >= 5 else (61, 83))

    @pytest.mark.parametrize("mode", ["RGB", "L"])
    def test_opacity_comes_upright_with_the_pixels(self, mode: str) -> None:
        alpha = Image.new("L", IMAGE.size, 255)
        alpha.paste(0, (0, 0, 10, 5))
        image = IMAGE.convert(mode)
        image.putalpha(alpha)
        exif = Image.Exif()
        exif[0x0112] = 6
        photo = read_photo(_encoded(image, "PNG", exif=exif))
        assert photo.opacity_hw is not None
        assert photo.opacity_hw.shape == photo.photo_hw == (83, 61)
        assert (photo.opacity_hw[:10, -5:] == 0).all()
        assert (photo.opacity_hw == 0).sum() == 50

    def test_photos_that_are_all_picture_have_no_opacity(self) -> None:
        opaque = IMAGE.copy()
        opaque.putalpha(255)
        for data in (_encoded(IMAGE, "JPEG"), _encoded(IMAGE, "PNG"), _encoded(opaque, "PNG")):
            assert read_photo(data).opacity_hw is None

    @pytest.mark.filterwarnings("ignore:Corrupt EXIF")
    def test_damaged_exif_leaves_the_photo_as_it_lies(self) -> None:
        data = _encoded(IMAGE, "JPEG")
        segment = b"\xff\xe1" + struct.pack(">H", 2 + 6 + 10) + b"Exif\0\0" + b"MM\0*\xff\xff\xff\xff\0\0"
        damaged = data[:2] + segment + data[2:]
        np.testing.assert_array_equal(read_photo(damaged).pixels_hwc, _by_pillow(data))

    def test_a_photo_with_an_embedded_second_picture_is_its_first(self) -> None:
        other = Image.new("RGB", IMAGE.size)
        data = _encoded(IMAGE, "MPO", save_all=True, append_images=[other])
        np.testing.assert_array_equal(read_photo(data).pixels_hwc, _by_pillow(_encoded(IMAGE, "JPEG")))

    @pytest.mark.parametrize("fast", [True, False])
    @pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.98])
    def test_a_truncated_file_is_an_error_with_either_decoder(
        self, fast: bool, share: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        if not fast:
            monkeypatch.setattr(images, "simplejpeg", None)
        data = _encoded(IMAGE, "JPEG", quality=95)
        with pytest.raises(UnreadablePhotoError, match=r"not a readable image|truncated or damaged JPEG"):
            read_photo(data[: int(len(data) * share)])

    def test_a_file_with_its_middle_missing_is_an_error(self) -> None:
        # Pillow alone would give a half-grey picture: what a failing memory card leaves behind.
        data = _encoded(IMAGE, "JPEG", quality=95)
        middle = len(data) // 2
        with pytest.raises(UnreadablePhotoError, match="damaged"):
            read_photo(data[:middle] + data[-2:])

    def test_bytes_after_the_picture_do_no_harm(self) -> None:
        data = _encoded(IMAGE, "JPEG")
        np.testing.assert_array_equal(read_photo(data + b"junk" * 99).pixels_hwc, _by_pillow(data))

    def test_without_the_fast_decoder_pixels_are_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        data = _encoded(IMAGE, "JPEG")
        expected = read_photo(data)
        monkeypatch.setattr(images, "simplejpeg", None)
        np.testing.assert_array_equal(read_photo(data).pixels_hwc, expected.pixels_hwc)

    def test_a_reduced_decode_keeps_the_size_asked_for_and_tells_the_real_one(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        data = _encoded(Image.fromarray(_texture(400, 800)), "JPEG", exif=exif)
        photo = read_photo(data, at_least_hw=(190, 90))
        assert photo.photo_hw == (800, 400)
        assert photo.pixels_hwc.shape[0] >= 190
        assert photo.pixels_hwc.shape[1] >= 90
        assert photo.pixels_hwc.shape[0] < 800
        whole = Image.fromarray(read_photo(data).pixels_hwc).resize(photo.pixels_hwc.shape[1::-1])
        assert np.abs(np.asarray(whole).astype(int) - photo.pixels_hwc).mean() < 10

    def test_cmyk_is_read_as_pillow_reads_it(self) -> None:
        data = _encoded(IMAGE.convert("CMYK"), "JPEG", quality=95)
        pixels_hwc = read_photo(data).pixels_hwc
        np.testing.assert_array_equal(pixels_hwc, _by_pillow(data))
        assert np.abs(pixels_hwc.astype(int) - PIXELS).mean() < 12


class TestKinds:
    @pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM"])
    def test_lossless_formats_give_the_very_pixels(self, form: str) -> None:
        np.testing.assert_array_equal(read_photo(_encoded(IMAGE, form)).pixels_hwc, PIXELS)

    def test_a_wrong_ending_does_not_matter(self, tmp_path: Path) -> None:
        path = tmp_path / "photo.jpg"
        path.write_bytes(_encoded(IMAGE, "PNG"))
        np.testing.assert_array_equal(read_photo(path).pixels_hwc, PIXELS)

    def test_greyscale_becomes_three_equal_channels(self) -> None:
        grey = np.asarray(GREY)
        expected = np.repeat(grey[:, :, None], 3, axis=2)
        np.testing.assert_array_equal(read_photo(_encoded(GREY, "PNG")).pixels_hwc, expected)

    @pytest.mark.parametrize("form", ["PNG", "TIFF"])
    def test_16_bit_greyscale_is_scaled_to_8_bits(self, form: str) -> None:
        grey = np.asarray(GREY)
        deep = Image.fromarray(grey.astype(np.uint16) * 257)
        np.testing.assert_array_equal(read_photo(_encoded(deep, form)).pixels_hwc[:, :, 0], grey)

    def test_16_bit_rgb_is_scaled_to_8_bits(self) -> None:
        deep = (PIXELS.astype(">u2") * 257).tobytes()
        rows = b"".join(b"\0" + deep[row * 83 * 6 : (row + 1) * 83 * 6] for row in range(61))
        header = struct.pack(">IIBBBBB", 83, 61, 16, 2, 0, 0, 0)
        np.testing.assert_array_equal(read_photo(_png(header, rows)).pixels_hwc, PIXELS)

    @pytest.mark.parametrize("white", [1, 255])
    def test_floats_are_read_on_the_scale_they_are_on(self, white: int) -> None:
        grey = np.asarray(GREY)
        floats = Image.fromarray((grey / 255 * white).astype(np.float32))
        np.testing.assert_array_equal(read_photo(_encoded(floats, "TIFF")).pixels_hwc[:, :, 0], grey)

    @pytest.mark.parametrize("value", [-1.0, 4000.0, np.nan])
    def test_floats_on_no_known_scale_are_an_error(self, value: float) -> None:
        floats = np.zeros((32, 32), np.float32)
        floats[3, 4] = value
        with pytest.raises(UnreadablePhotoError, match="floating-point"):
            read_photo(_encoded(Image.fromarray(floats), "TIFF"))

    def test_32_bit_integers_are_an_error(self) -> None:
        deep = Image.fromarray(np.full((32, 32), 1 << 20, np.int32))
        with pytest.raises(UnreadablePhotoError, match="16 bits"):
            read_photo(_encoded(deep, "TIFF"))

    def test_one_bit_images_are_black_and_white(self) -> None:
        bits = GREY.convert("1")
        pixels_hwc = read_photo(_encoded(bits, "TIFF")).pixels_hwc
        np.testing.assert_array_equal(pixels_hwc[:, :, 1] > 127, np.asarray(bits))
        assert set(np.unique(pixels_hwc)) == {0, 255}

    def test_a_palette_gives_its_colours(self) -> None:
        palette = IMAGE.quantize(64)
        expected = np.asarray(palette.convert("RGB"))
        np.testing.assert_array_equal(read_photo(_encoded(palette, "PNG")).pixels_hwc, expected)

    @pytest.mark.parametrize("mode", ["RGBA", "LA"])
    def test_transparency_is_laid_over_white(self, mode: str) -> None:
        image = IMAGE.convert(mode)
        alpha = np.zeros((61, 83), np.uint8)
        alpha[:, 40:] = 255
        image.putalpha(Image.fromarray(alpha))
        pixels_hwc = read_photo(_encoded(image, "PNG")).pixels_hwc
        assert (pixels_hwc[:, :40] == 255).all()
        opaque = np.asarray(image.convert("RGB"))
        np.testing.assert_array_equal(pixels_hwc[:, 40:], opaque[:, 40:])

    def test_a_transparent_palette_colour_is_white(self) -> None:
        palette = IMAGE.quantize(8)
        data = _encoded(palette, "PNG", transparency=0)
        hidden = np.asarray(palette) == 0
        assert hidden.any()
        assert (read_photo(data).pixels_hwc[hidden] == 255).all()

    def test_a_tiff_is_its_first_page(self) -> None:
        data = _encoded(IMAGE, "TIFF", save_all=True, append_images=[Image.new("RGB", (50, 50))])
        np.testing.assert_array_equal(read_photo(data).pixels_hwc, PIXELS)

    @pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
    def test_an_animation_is_its_first_frame(self, form: str) -> None:
        image = IMAGE.quantize(64).convert("RGB")
        options = {"lossless": True} if form == "WEBP" else {}
        data = _encoded(
            image, form, save_all=True, append_images=[Image.new("RGB", image.size)] * 2, **options
        )
        np.testing.assert_array_equal(read_photo(data).pixels_hwc, np.asarray(image))

    def test_heic_is_read_where_its_extra_is_installed(self) -> None:
        heif = pytest.importorskip("pillow_heif")
        buffer = io.BytesIO()
        heif.from_pillow(IMAGE).save(buffer, quality=95)
        assert np.abs(read_photo(buffer.getvalue()).pixels_hwc.astype(int) - PIXELS).mean() < 8

    def test_names_may_be_long_and_in_any_script(self, tmp_path: Path) -> None:
        for name in ("стена 壁 🧱.png", "ü" * 100 + ".png", "x" * 251 + ".png"):
            (tmp_path / name).write_bytes(_encoded(IMAGE, "PNG"))
            np.testing.assert_array_equal(read_photo(tmp_path / name).pixels_hwc, PIXELS)

    def test_an_open_image_gives_the_pixels_of_its_file(self, tmp_path: Path) -> None:
        exif = Image.Exif()
        exif[0x0112] = 8
        (tmp_path / "turned.jpg").write_bytes(_encoded(IMAGE, "JPEG", exif=exif))
        with Image.open(tmp_path / "turned.jpg") as image:
            photo = photo_from_image(image)
        np.testing.assert_array_equal(photo.pixels_hwc, read_photo(tmp_path / "turned.jpg").pixels_hwc)

    def test_folders_are_searched_for_lower_case_endings(self) -> None:
        assert {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".heic"} <= IMAGE_SUFFIXES
        assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in IMAGE_SUFFIXES)


def _png(header: bytes, rows: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


class TestErrors:
    @pytest.mark.parametrize(
        ("data", "reason"),
        [
            (b"", "empty"),
            (b"hello, I am a text", "not an image"),
            (bytes(100_000), "not an image"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n", "not an image"),
            (b"\xff\xd8\xff", "not"),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1", None),
            (_encoded(IMAGE, "PNG")[:2000], None),
            (_encoded(IMAGE, "TIFF")[:2000], None),
        ],
    )
    def test_what_is_no_whole_image_is_unreadable(self, data: bytes, reason: str | None) -> None:
        with pytest.raises(UnreadablePhotoError, match=reason) as caught:
            read_photo(data)
        message = str(caught.value)
        assert "\n" not in message
        assert "0x" not in message, "an address in memory makes every run's message another one"

    def test_a_missing_file_a_folder_and_a_name_with_a_null_are_unreadable(self, tmp_path: Path) -> None:
        (tmp_path / "folder.jpg").mkdir()
        with pytest.raises(UnreadablePhotoError, match="No such file"):
            read_photo(tmp_path / "missing.jpg")
        with pytest.raises(UnreadablePhotoError, match="a folder"):
            read_photo(tmp_path / "folder.jpg")
        with pytest.raises(UnreadablePhotoError, match="null"):
            read_photo(Path("nul\0l.jpg"))

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
    def test_a_named_pipe_is_refused_instead_of_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.jpg")
        with pytest.raises(UnreadablePhotoError, match="not a regular file"):
            read_photo(tmp_path / "pipe.jpg")

    @pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
    def test_a_forbidden_file_is_unreadable(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "secret.jpg"
        path.write_bytes(_encoded(IMAGE, "JPEG"))
        path.chmod(0)
        if os.geteuid() == 0:  # root may read everything, so the refusal has to be played

            def refuse(self: Path, *_: object, **__: object) -> None:
                raise PermissionError(13, "Permission denied", str(self))

            monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(UnreadablePhotoError, match="Permission denied"):
            read_photo(path)

    def test_a_side_below_the_smallest_is_refused_and_the_smallest_is_not(self) -> None:
        with pytest.raises(PhotoTooSmallError, match="15"):
            read_photo(_encoded(IMAGE.resize((40, MIN_SIDE_PX - 1)), "JPEG"))
        assert read_photo(_encoded(IMAGE.resize((40, MIN_SIDE_PX)), "JPEG")).photo_hw == (16, 40)

    @pytest.mark.parametrize("form", ["JPEG", "PNG"])
    def test_the_pixel_limit_is_inclusive_and_can_be_raised(self, form: str) -> None:
        data = _encoded(IMAGE, form)
        with pytest.raises(PhotoTooLargeError, match="83 x 61"):
            read_photo(data, limit_pixels=83 * 61 - 1)
        assert read_photo(data, limit_pixels=83 * 61).photo_hw == (61, 83)

    def test_a_bomb_is_refused_by_its_header_without_a_warning(self) -> None:
        header = struct.pack(">IIBBBBB", 17_000, 17_000, 8, 2, 0, 0, 0)
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with pytest.raises(PhotoTooLargeError, match="more pixels than the limit"):
                read_photo(_png(header, bytes(1000)))
            with pytest.raises(PhotoTooLargeError, match="more pixels than the limit"):
                read_photo(_png(struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0), bytes(1000)))

    def test_pillows_own_limit_is_never_lowered(self) -> None:
        read_photo(_encoded(IMAGE, "PNG"), limit_pixels=400_000_000)
        read_photo(_encoded(IMAGE, "PNG"), limit_pixels=10_000)
        assert Image.MAX_IMAGE_PIXELS is None or Image.MAX_IMAGE_PIXELS >= 400_000_000

    def test_all_errors_are_photo_errors(self) -> None:
        assert all(
            issubclass(kind, PhotoError)
            for kind in (UnreadablePhotoError, PhotoTooLargeError, PhotoTooSmallError)
        )
