"""How records look in a notebook: small tables, in which every text is text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crackscope.html_table import html_table
from crackscope.inspection.records import PhotoReport
from crackscope.labels import Label, ReviewReason
from crackscope.records import Prediction
from crackscope.scanning.scanner import CrackScanner

HOSTILE = "<script>alert('a wall')</script>\n.jpg"
PREDICTION = Prediction(path=HOSTILE, label=Label.POSITIVE, score=0.25, threshold=0.2)


@pytest.fixture(scope="module")
def report() -> PhotoReport:
    return CrackScanner.load(device="cpu").scan(np.full((128, 160, 3), 128, np.uint8))


def test_names_of_photos_are_text_and_no_markup(report: PhotoReport) -> None:
    for view in (PREDICTION._repr_html_(), replace(report, path=HOSTILE)._repr_html_()):
        assert "<script" not in view
        assert "&lt;script&gt;alert(&#x27;a wall&#x27;)&lt;/script&gt;\\n.jpg" in view


def test_a_prediction_shows_label_score_and_reason() -> None:
    view = replace(PREDICTION, reason=ReviewReason.UNFAMILIAR)._repr_html_()
    assert "<tr><th>label</th><td>Positive</td></tr>" in view
    assert "0.250000, Positive from 0.2" in view
    assert str(ReviewReason.UNFAMILIAR) in view


def test_a_report_shows_regions_and_size(report: PhotoReport) -> None:
    view = report._repr_html_()
    assert "<tr><th>regions</th><td>0, 0.00% of the picture</td></tr>" in view
    assert "160 x 128, tiles of " in view
    assert len(view) < 2_000


def test_a_fact_can_end_no_table() -> None:
    assert html_table("</table>", {"</td>": "&"}).count("</t") == 4
