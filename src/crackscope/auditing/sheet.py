"""``label_sheet.html``: doubted photos to look at, plain and with contrast raised; by keyboard, offline."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.auditing.doubt import LabelAudit, LabelDoubt
from crackscope.dataset.contrast import raise_contrast
from crackscope.errors import PhotoError
from crackscope.images import read_photo
from crackscope.storage import write_text

#: Doubted photos on the page, at most.
SHOWN = 300

#: For every doubted photo on the page, so many others: what they show says how much doubt overlooks.
CONTROLS_PER_DOUBTED = 0.25

#: Larger photos are shown reduced to this; patches as they are.
_LARGEST_PX = 1024

_TEMPLATE = Path(__file__).with_name("label_sheet.html")


def write_label_sheet(path: Path, audit: LabelAudit, root: Path, *, shown: int = SHOWN, seed: int = 0) -> int:
    """Write the page and say how many photos are on it; those that can't be read any more are left out.

    Args:
        path: Of the page.
        audit: The most doubted photos are shown, mixed with others in an order that says nothing.
        root: Folder that the photos' paths are relative to.
        shown: Doubted photos, at most.
        seed: Of the others, and of the order.
    """
    doubted = audit.doubted()[:shown]
    others = [one for one in audit.doubts if not one.reasons]
    rng = np.random.default_rng(seed)
    count = min(len(others), int(np.ceil(CONTROLS_PER_DOUBTED * len(doubted))))
    chosen = [*doubted, *(others[index] for index in rng.permutation(len(others))[:count])]
    photos = [entry for index in rng.permutation(len(chosen)) if (entry := _entry(chosen[index], root))]
    # A file's name can't end the script that it stands in.
    data = json.dumps(photos, ensure_ascii=False).replace("<", "\\u003c")
    write_text(path, _TEMPLATE.read_text(encoding="utf-8").replace("/*PHOTOS*/", data))
    return len(photos)


def _entry(one: LabelDoubt, root: Path) -> dict[str, str] | None:
    try:
        pixels_hwc = _reduced(read_photo(root / one.photo.path).pixels_hwc)
    except PhotoError:
        return None
    return {
        "sha256": one.sha256,
        "file": one.photo.path,
        "given": str(one.photo.label),
        "reasons": "; ".join(one.reasons),
        "plain": _picture(pixels_hwc),
        "raised": _picture(raise_contrast(pixels_hwc)),
    }


def _reduced(pixels_hwc: NDArray[np.uint8]) -> NDArray[np.uint8]:
    image = Image.fromarray(pixels_hwc)
    image.thumbnail((_LARGEST_PX, _LARGEST_PX))
    return np.asarray(image)


def _picture(pixels_hwc: NDArray[np.uint8]) -> str:
    encoded = io.BytesIO()
    Image.fromarray(pixels_hwc).save(encoded, "JPEG", quality=90)
    return f"data:image/jpeg;base64,{base64.b64encode(encoded.getvalue()).decode()}"
