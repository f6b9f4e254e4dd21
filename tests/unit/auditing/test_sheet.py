"""The page to look at doubted photos, in a real browser, opened from the disk."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope.auditing.doubt import LabelAudit, LabelDoubt, Reason
from crackscope.auditing.sheet import write_label_sheet
from crackscope.dataset.contrast import raise_contrast
from crackscope.dataset.corrections import Seen, read_corrections
from crackscope.dataset.records import LabelledPhoto
from crackscope.labels import Label
from crackscope.storage import sha256_file
from tests.helpers.browsers import DESKTOP, PHONE, opened, running_browser

HOSTILE = '"</script><b>, ü.png'


@pytest.fixture
def audit(tmp_path: Path) -> LabelAudit:
    """Four doubted photos, one of a hostile name, and eight others."""
    rng = np.random.default_rng(0)
    doubts = []
    for number in range(12):
        name = HOSTILE if number == 0 else f"{number}.png"
        pixels = np.clip(rng.normal(170, 5, (96, 96, 3)), 0, 255).astype(np.uint8)
        pixels[40 + number] -= 25
        file = tmp_path / name.replace("/", "_")
        Image.fromarray(pixels).save(file)
        doubts.append(
            LabelDoubt(
                photo=LabelledPhoto(path=file.name, label=Label.NEGATIVE, source="walls"),
                sha256=sha256_file(file),
                doubt=1 - number / 12,
                held_out=0.5,
                model=0.5,
                neighbours=0.5,
                copy=number,
                reasons=(Reason.MODEL,) if number < 4 else (),
            )
        )
    return LabelAudit(doubts=tuple(doubts), sources=(), left_out=())


def test_doubted_photos_are_mixed_with_a_quarter_of_others(audit: LabelAudit, tmp_path: Path) -> None:
    shown = write_label_sheet(tmp_path / "page" / "sheet.html", audit, tmp_path)
    page = (tmp_path / "page" / "sheet.html").read_text(encoding="utf-8")
    found = re.search(r'id="photos" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    photos = json.loads(found[1])
    assert (shown, len(photos)) == (5, 5)
    assert sum(bool(photo["reasons"]) for photo in photos) == 4


def test_a_photo_that_is_gone_is_left_out(audit: LabelAudit, tmp_path: Path) -> None:
    (tmp_path / audit.doubts[1].photo.path).unlink()
    assert write_label_sheet(tmp_path / "page" / "sheet.html", audit, tmp_path) == 4


def test_contrast_is_raised_and_slow_changes_of_light_are_gone() -> None:
    ramp = np.tile(np.linspace(120, 200, 128), (128, 1))
    ramp[64] -= 8
    raised = raise_contrast(np.repeat(ramp.astype(np.uint8)[..., None], 3, axis=2)).astype(float).mean(axis=2)
    assert raised[32, 40:88].std() < 10
    assert raised[32, 64] - raised[64, 64] > 30


@pytest.mark.slow
def test_two_keys_and_a_button_make_a_corrections_file(audit: LabelAudit, tmp_path: Path) -> None:
    page_file = tmp_path / "page" / "sheet.html"
    write_label_sheet(page_file, audit, tmp_path)
    with running_browser() as browser, opened(browser, page_file.as_uri()) as page:
        page.fill("#who", '=Ann "A", B')
        page.click("h1")
        for key in ("c", "h", "c", "u", "t"):  # undone and said again
            page.keyboard.press(key)
        assert page.locator("#said").inner_text() == "3 of 5"
        page.reload()
        assert page.locator("#said").inner_text() == "3 of 5"
        with page.expect_download() as download:
            page.click("#save")
        download.value.save_as(tmp_path / "corrections.csv")
        for viewport in (DESKTOP, PHONE):
            page.set_viewport_size(viewport)
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        assert not page.locator(".told").first.is_visible()
        page.keyboard.press("l")
        assert page.locator(".told").first.is_visible()
    assert (tmp_path / "corrections.csv").read_text("utf-8").count(",\"'=Ann ") == 3  # no formula
    rows = read_corrections(tmp_path / "corrections.csv").rows
    assert sorted(row.seen for row in rows) == [Seen.CRACK, Seen.HEALTHY, Seen.NOT_TO_BE_TOLD]
    assert {row.seen_by for row in rows} == {'=Ann "A", B'}
    assert {row.file for row in rows} <= {one.photo.path for one in audit.doubts}
