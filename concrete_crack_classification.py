"""Tell cracked concrete from sound concrete: the whole story on one page.

Put photos into ``datasets/``, in two folders: ``Positive`` (cracked) and ``Negative`` (not cracked); or let
``crackscope data download`` fetch METU's 40,000 into it. Then:

    python concrete_crack_classification.py

The network is the one this project began with: EfficientNetV2-B0 on patches of 64 x 64 pixels, in batches of
32, turned, flipped and zoomed, trained with Adam on binary cross-entropy. All of that stands in
``recipes/seed.toml``. Try ``--recipe default`` for the one that works best.
"""

import argparse
import random
import sys
from pathlib import Path

from crackscope import CrackClassifier, CrackscopeError, Listener, discover, load_recipe, train


def tell_the_story(data: Path, output: Path, recipe_name: str) -> None:
    """From photos to a model, its results and its pictures."""
    # What is there? Folders are told apart by their names, at any depth.
    for label, count in discover([data]).counts().items():
        print(f"{count:6,} photos are {label}")

    # Learn. The photos are split so that copies of one photo never lie on both sides. Then the dense output
    # learns on a frozen network, and then the whole network. The better of the two goes on. The threshold is
    # chosen on photos that nothing was trained on. Stopped half-way? The same command goes on from there.
    recipe = load_recipe(recipe_name)
    run = train([data], recipe, output, listener=Narrator())

    # How good is it? Photos of the test part were never looked at before now.
    evaluation = run.evaluation
    print(f"\nOn {evaluation.metrics.n:,} test photos, with 95 % intervals:")
    for name in ("accuracy", "precision", "recall", "f1", "auroc"):
        value, interval = getattr(evaluation.metrics, name), evaluation.intervals[name]
        print(f"{name:>12}  {value:.4f}  ({interval.low:.4f} to {interval.high:.4f})")

    # Look at it: labelled samples, what augmentation does, the network, learning curves, confusion matrix,
    # ROC and precision-recall curves, sample predictions, and the worst mistakes.
    print("\nFigures:")
    for figure in sorted(run.folder.figures.glob("*.png")):
        print(f"  {figure}")

    # Use it. This needs no PyTorch any more, and takes any photo.
    classifier = CrackClassifier.load(run.bundle.folder)
    print("\nSome test photos, what the model says, and the truth:")
    for photo in random.Random(0).sample(evaluation.scored.photos, k=min(10, len(evaluation.scored.photos))):
        prediction = classifier.predict(photo.file)
        verdict = "right" if prediction.label is photo.truth else "WRONG"
        print(f"  {prediction.score:.3f} {prediction.label:8}  {photo.truth:8}  {verdict}  {photo.path}")
    print(f"\nThe model is in {run.bundle.folder}; {run.folder.readme} explains the rest.")


class Narrator(Listener):
    """Prints what the training is doing."""

    def step(self, name: str) -> None:
        """A step begins."""
        print(f"\n{name} ...", flush=True)

    def note(self, text: str) -> None:
        """Something was found out."""
        print(f"  {text}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("datasets"), help="the photos")
    parser.add_argument("--output", type=Path, default=Path("runs/seed"), help="where everything goes")
    parser.add_argument("--recipe", default="seed", help="a ready recipe, or a TOML file of your own")
    options = parser.parse_args()
    try:
        tell_the_story(options.data, options.output, options.recipe)
    except CrackscopeError as error:
        sys.exit(f"error: {error}")
