from __future__ import annotations

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from crackscope.reporting.records import Report
from crackscope.reporting.write import write_report

HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(1)>&'</style>{{7*7}}\\"


class _Page(HTMLParser):
    """What a browser would see: elements with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = self.style = ""
        self._in_style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in_style = tag == "style" or (self._in_style and tag != "style")

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.style += data
        else:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def _write(report: Report, folder: Path, language: str = "en") -> _Page:
    target = folder / "report.html"
    write_report(target, report, language=language)
    return _Page(target.read_text(encoding="utf-8"))


def test_the_page_says_what_was_found_where_and_by_whom(report: Report, tmp_path: Path) -> None:
    page = _write(report, tmp_path)
    for text in (
        "Aare bridge <3>", "Pier & bearing", "Jürgen Müller", "21 November 2026", "Canon EOS R5", "0.913",
        "0.4 mm per pixel for 1 of 5 photos", "Negative (model: Positive)", "decided by Anna",
        "confirmed (undone)", "Note: a joint, not a crack", "open: uncertain", "truncated or damaged JPEG",
        "no judgement on the safety", "Signature", "50 × 100 at 100, 200",
        "20 × 40",         *(photo.sha256 for photo in report.photos if photo.sha256),
    ):  # fmt: skip
        assert text in page.text, text


def test_what_a_reviewer_decided_is_counted_and_shown_with_the_picture(
    report: Report, tmp_path: Path
) -> None:
    page = _write(report, tmp_path)
    rows = re.sub(r"\s+", " ", page.text)
    assert "Positive 3 (50.0%) 2 (33.3%)" in rows.replace("Positive3", "Positive 3").replace(")2", ") 2")
    assert "Anna, 22 Nov 2026, 17:05 UTC: rejected, Negative – a joint, not a crack" in page.text


def test_nothing_is_fetched_and_nothing_runs(report: Report, tmp_path: Path) -> None:
    page = _write(report, tmp_path)
    assert page.all("script") == page.all("link") == page.all("iframe") == []
    addresses = [value or "" for _, each in page.elements for name, value in each.items()
                 if name in ("src", "href", "srcset", "data", "action", "poster", "xlink:href")]  # fmt: skip
    assert addresses
    assert [a for a in addresses if not a.startswith(("#", "data:image/jpeg;base64,"))] == []
    assert "url(" not in page.style
    assert "@import" not in page.style
    assert not [name for _, each in page.elements for name in each if name.startswith("on")]
    policy = [each["content"] for each in page.all("meta") if each.get("http-equiv")]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_every_text_of_a_stranger_is_escaped(report: Report, tmp_path: Path) -> None:
    plain = _write(report, tmp_path)
    photo = report.photos[1]
    act = replace(photo.acts[1], note=HOSTILE, who=HOSTILE)
    hostile = replace(
        report,
        inspection=replace(
            report.inspection,
            title=HOSTILE,
            structure=HOSTILE,
            element=HOSTILE,
            inspector=HOSTILE,
            notes=HOSTILE,
        ),
        photos=(
            replace(report.photos[0], name=HOSTILE, camera=HOSTILE, taken=HOSTILE),
            replace(photo, acts=(photo.acts[0], act)),
            *report.photos[2:4],
            replace(report.photos[4], error=HOSTILE),
            report.photos[5],
        ),
    )
    page = _write(hostile, tmp_path)
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in plain.elements]
    assert page.text.count(HOSTILE) >= 9
    assert "<" not in page.style


def test_pictures_are_inside_and_described(report: Report, tmp_path: Path) -> None:
    page = _write(report, tmp_path)
    pictures = page.all("img")
    assert [each["alt"] for each in pictures] == [
        "Photo 1, Positive, with its regions drawn and numbered",
        "Photo 2, Negative (model: Positive), with its regions drawn and numbered",
        "Photo 3, Negative, with its regions drawn and numbered",
    ]
    for each in pictures:
        data = base64.b64decode((each["src"] or "").partition(",")[2])
        with Image.open(io.BytesIO(data)) as image:
            assert image.format == "JPEG"
            assert (str(image.width), str(image.height)) == (each["width"], each["height"])
    assert "The photo was not found when this report was made." in page.text
    assert "(photo numbers): 5, 6." in page.text


def test_the_page_has_a_language_one_title_and_headings_in_order(report: Report, tmp_path: Path) -> None:
    page = _write(report, tmp_path, "de")
    assert page.all("html") == [{"lang": "de"}]
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    identifiers = [each["id"] for _, each in page.elements if "id" in each]
    assert len(identifiers) == len(set(identifiers))
    assert {(each["href"] or "#")[1:] for each in page.all("a")} <= set(identifiers)


def test_german_has_no_english_left(report: Report, tmp_path: Path) -> None:
    text = _write(report, tmp_path, "de").text
    for german in (
        "Bericht zur Rissinspektion",
        "21. November 2026",
        "0,913",
        "entschieden von Anna",
        "Fotoverzeichnis",
    ):
        assert german in text
    for english in ("Photo", "Review", "review", "region", "Threshold", "Signature", " of ", " the "):
        assert english not in text, english


def test_without_positions_the_map_is_one_sentence(report: Report, tmp_path: Path) -> None:
    photos = tuple(replace(photo, latitude=None, longitude=None) for photo in report.photos)
    page = _write(replace(report, photos=photos), tmp_path)
    assert "No photo records where it was taken." in page.text
    assert page.text.count("°") == 0


@pytest.mark.parametrize("kept", [0, 1])
def test_a_report_of_hardly_anything_is_still_a_report(report: Report, tmp_path: Path, kept: int) -> None:
    page = _write(replace(report, photos=report.photos[:kept]), tmp_path)
    assert len(page.all("img")) == kept
    assert ("There is no photo in these results." in page.text) is (kept == 0)
    assert "Signature" in page.text


def test_names_that_are_no_text_do_not_stop_the_report(report: Report, tmp_path: Path) -> None:
    photo = replace(report.photos[0], name="a\x00b\udcff\n\u202e.jpg")
    page = _write(replace(report, photos=(photo,)), tmp_path)
    assert "a\ufffdb\ufffd" in page.text
    assert "\u202e" not in page.text


def test_what_joins_and_parts_letters_is_kept(report: Report, tmp_path: Path) -> None:
    inspection = replace(report.inspection, inspector="می\u200cخواهم", notes="one\ntwo")
    text = _write(replace(report, inspection=inspection), tmp_path).text
    assert "می\u200cخواهم" in text
    assert "one\ntwo" in text


def test_photos_that_are_left_out_are_named_and_every_page_says_where_it_belongs(
    report: Report, tmp_path: Path
) -> None:
    page = _write(report, tmp_path)
    assert "nothing is asked of them: photos 4." in page.text
    assert "could not be scanned: photos 5;" in page.text
    assert "Crack inspection report · Aare bridge <3> · 21 November 2026" in _unescaped(page.style)


def _unescaped(style: str) -> str:
    return re.sub(r"\\([0-9a-f]{6})", lambda found: chr(int(found[1], 16)), style)


def test_what_explains_the_report_stands_behind_the_signature(report: Report, tmp_path: Path) -> None:
    page = _write(report, tmp_path)
    order = [each["id"] for each in page.all("section")]
    assert order.index("reviews") < order.index("signature") < order.index("method")
