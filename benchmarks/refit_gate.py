"""Fit a model's not-concrete gate again, without training it: embeddings of its own training photos suffice.

The network, its head, threshold and calibration stay; the Gaussian in the graph (constants ``distance.*``)
and the limit in ``model.json`` are those that `crackscope train` would fit today. Writes a new model folder.

    python benchmarks/refit_gate.py --known ../shared/data/metu:metu.csv --known ../shared/data/sdnet2018:sdnet2018.csv --output models/refitted
"""  # noqa: E501

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from familiarity import embed
from onnx import numpy_helper

from crackscope.bundle import CARD_NAME, ONNX_NAME, Bundle, load_bundle, write_bundle
from crackscope.dataset.manifest import read_manifest
from crackscope.dataset.records import Part
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.verify import verify_bundle
from crackscope.storage import atomic_folder
from crackscope.training.card import model_card
from crackscope.training.familiarity import FamiliarityModel, fit_familiarity, set_limit

#: As in a training run.
PHOTOS = 4_000


def main() -> None:
    options = _options()
    base = load_bundle(options.model)
    classifier = CrackClassifier.load(base)
    fit, calibration = (
        embed(classifier, files_of(options.known, part), part, options.cache).values
        for part in (Part.TRAIN, Part.CALIBRATION)
    )
    model = fit_familiarity(fit)
    old = base.config.familiarity
    assert old is not None, "the model has no gate"
    familiarity = set_limit(model.distances(calibration), quantile=old.quantile, fitted_on=old.fitted_on)
    config = replace(base.config, familiarity=familiarity)
    with atomic_folder(options.output) as folder:
        onnx.save_model(with_gate(base, model), folder / ONNX_NAME)
        write_bundle(folder, config, model_card(config))
        broken = [check for check in verify_bundle(folder) if check.passed is False]
        assert not broken, broken
        check_parity(base, load_bundle(folder), model)
    print(f"{old.method}, limit {old.limit:.3f} -> {familiarity.method}, limit {familiarity.limit:.3f}")
    print(f"{options.output} ({CARD_NAME} is made anew from model.json)")


def with_gate(base: Bundle, model: FamiliarityModel) -> onnx.ModelProto:
    """The graph with another Gaussian; every other node and constant stays."""
    graph = onnx.load_model(base.onnx_path)
    values = {
        "distance.mean": model.mean,
        "distance.directions": model.directions,
        "distance.deviations": model.deviations,
        residual_constant(graph): np.array(model.residual_std, np.float32),
    }
    for constant in graph.graph.initializer:
        if constant.name in values:
            new = np.asarray(values.pop(constant.name), np.float32)
            constant.CopyFrom(numpy_helper.from_array(new, constant.name))
    assert not values, f"the graph lacks {list(values)}"
    del graph.graph.value_info[:]
    onnx.checker.check_model(graph)
    return graph


def residual_constant(graph: onnx.ModelProto) -> str:
    """What the part of the embedding outside of all directions is divided by."""
    nodes = graph.graph.node
    inside = next(node for node in nodes if node.op_type == "Div" and "distance.deviations" in node.input)
    [name] = [
        node.input[1]
        for node in nodes
        if node.op_type == "Div"
        and node is not inside
        and depends_on(graph, node.input[0], "distance.mean")
        # The last division is by D and comes after the squares.
        and not depends_on(graph, node.input[0], inside.output[0])
    ]
    return name


def depends_on(graph: onnx.ModelProto, value: str, wanted: str) -> bool:
    makers = {output: node for node in graph.graph.node for output in node.output}
    waiting = [value]
    while waiting:
        name = waiting.pop()
        if name == wanted:
            return True
        if name in makers and name != "embedding":
            waiting += makers[name].input
    return False


def check_parity(base: Bundle, new: Bundle, model: FamiliarityModel) -> None:
    """Scores are the same bit for bit, and the graph's distance is the fitted model's."""
    images = np.random.default_rng(0).integers(0, 256, (8, *base.config.input_hw, 3), dtype=np.uint8)
    before, after = (CrackClassifier.load(bundle, device="cpu").run(images) for bundle in (base, new))
    assert np.array_equal(before.score, after.score)
    assert after.distance is not None
    np.testing.assert_allclose(after.distance, model.distances(after.embedding), rtol=1e-3)


def files_of(known: list[str], part: Part) -> list[Path]:
    files: list[Path] = []
    for one in known:
        folder, _, manifest_file = one.rpartition(":")
        manifest = read_manifest(Path(manifest_file), root=Path(folder))
        files += [manifest.root / row.path for row in manifest.of(part)]
    return files[:: max(1, len(files) // PHOTOS)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--known", action="append", required=True, metavar="FOLDER:MANIFEST")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
