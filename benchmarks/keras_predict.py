"""Keras' EfficientNetV2-B0 over a folder, for `predict.py` to compare with.

Runs in an environment of its own with keras and tensorflow, without crackscope. Prints one JSON line when
ready (versions and the best batch size), then for every line on standard input runs once over the folder and
prints its seconds.

    python benchmarks/keras_predict.py FOLDER
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

SIDE_PX = 64
BATCH_SIZES = (32, 64, 128, 256)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    inner = keras.applications.EfficientNetV2B0(
        include_top=False, weights=None, input_shape=(SIDE_PX, SIDE_PX, 3), pooling="avg"
    )
    model = keras.Sequential([inner, keras.layers.Dense(1, activation="sigmoid")])
    trials = {size: [run(model, folder, size)[0] for _ in range(3)] for size in BATCH_SIZES}
    best = min(trials, key=lambda size: min(trials[size]))
    tell({"keras": keras.__version__, "tensorflow": version("tensorflow"), "batch_size": best})
    for _ in sys.stdin:
        wall_s, cpu_s = run(model, folder, best)
        tell({"wall_s": wall_s, "cpu_s": cpu_s})


def run(model: Any, folder: Path, batch_size: int) -> tuple[float, float]:
    """Seconds on the clock and on the processors for one pass over the folder, decoding included."""
    import keras
    import tensorflow as tf

    start, cpu_start = time.perf_counter(), time.process_time()
    photos = keras.utils.image_dataset_from_directory(
        folder,
        labels=None,
        image_size=(SIDE_PX, SIDE_PX),
        batch_size=batch_size,
        shuffle=False,
        verbose=False,
    )
    model.predict(photos.prefetch(tf.data.AUTOTUNE), verbose=0)
    return time.perf_counter() - start, time.process_time() - cpu_start


def tell(document: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
