"""Write docs/crackscope.ipynb and run it: ``python docs/write_notebook.py``.

The notebook makes its own synthetic photos, so it runs anywhere, and none of its pictures is a photograph.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

TARGET = Path(__file__).parent / "crackscope.ipynb"

CELLS = (
    "# crackscope in a notebook\n\nFrom a photo to a label, a place, and numbers that say how good they are. "
    "The photos are synthetic; put your own folder in their place.",
    """from pathlib import Path

from crackscope.dataset.synthetic import SyntheticPlan, write_synthetic_dataset

folder = Path("synthetic")
plan = SyntheticPlan(patches=40, photos=2, photo_hw=(600, 800), seed=3)
write_synthetic_dataset(folder, plan, jobs=1)
sorted(path.name for path in folder.iterdir())""",
    "## Is it cracked?",
    """from crackscope import CrackClassifier

classifier = CrackClassifier.load()  # the detector that comes with the package
photo = next(folder.glob("Positive/*.jpg"))
prediction = classifier.predict(photo)
prediction""",
    "A list gives a prediction or a `Failure` for each photo.",
    """outcomes = classifier.predict([*sorted(folder.glob("Negative/*.jpg"))[:3], "no-such-photo.jpg"])
for outcome in outcomes:
    print(outcome)""",
    "## Where?",
    """from crackscope import CrackScanner

scanner = CrackScanner.load()
wall = sorted((folder / "photos").glob("*.jpg"))[0]
report = scanner.scan(wall)
report.label, report.score, [(region.score, region.box_ltrb) for region in report.regions][:3]""",
    """from IPython.display import Image

scanner.scan_paths([wall], output="scan")
[overlay] = Path("scan/overlays").glob("*.jpg")
Image(filename=overlay, width=800)""",
    "## How good is it on labelled photos?",
    """from crackscope import evaluate, find_labelled_photos

evaluation = evaluate(classifier, find_labelled_photos([folder]), n_resamples=200)
metrics = evaluation.metrics
{name: round(getattr(metrics, name), 3) for name in ("recall", "specificity", "auroc")}""",
    "These are synthetic patches: the numbers say nothing about concrete. On your own photos they do, "
    "each with its interval by group: `evaluation.intervals`.",
)


def notebook() -> nbformat.NotebookNode:
    """The notebook without outputs."""
    made = new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    for number, text in enumerate(CELLS):
        cell = new_markdown_cell(text) if _is_text(text) else new_code_cell(text)
        cell["id"] = f"cell-{number}"
        made.cells.append(cell)
    return made


def run(made: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook with its outputs, run in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        return NotebookClient(made, timeout=None, resources={"metadata": {"path": folder}}).execute()


def _is_text(cell: str) -> bool:
    return cell.startswith(("#", "A list", "These are"))


if __name__ == "__main__":
    nbformat.write(run(notebook()), TARGET)
