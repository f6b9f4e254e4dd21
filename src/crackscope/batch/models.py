"""The model on its way to the workers: sent once, kept on each machine under its content's hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from crackscope.batch.scratch import node_folder
from crackscope.bundle import CARD_NAME, CONFIG_NAME, ONNX_NAME, Bundle, load_bundle
from crackscope.errors import BundleError
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.open_session import open_session
from crackscope.inference.verify import PARITY, verification_images
from crackscope.storage import atomic_folder, sha256_file


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedModel:
    """A model folder as bytes, and what it says of known images.

    Attributes:
        files: Content by name.
        scores: Of `verification_images`, where it was packed.
    """

    files: dict[str, bytes]
    scores: list[float]

    @property
    def key(self) -> str:
        """A hash of the content."""
        digest = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            digest.update(f"{name} {len(content)}\n".encode() + content)
        return digest.hexdigest()[:32]


def model_facts(bundle: Bundle) -> dict[str, str]:
    """What a model is known by: calibration and threshold are in ``model.json``, not in the network."""
    config = sha256_file(bundle.folder / CONFIG_NAME)
    return {"name": bundle.config.name, "sha256": bundle.identity, "config_sha256": config}


def pack_model(bundle: Bundle, engine: str) -> PackedModel:
    """Read a model folder, and ask the model for its scores of known images."""
    names = (ONNX_NAME, CONFIG_NAME, CARD_NAME)
    files = {name: (bundle.folder / name).read_bytes() for name in names if (bundle.folder / name).exists()}
    session = open_session(bundle, engine=engine, device="cpu", threads=1)
    scores = session.run(verification_images(bundle.config.input_hw)).score
    return PackedModel(files=files, scores=[float(score) for score in scores])


def unpack_model(packed: PackedModel) -> Bundle:
    """The model on this machine; written where no worker before has."""
    folder = node_folder() / "models" / packed.key
    if not _is_whole(folder, packed):
        with atomic_folder(folder) as temporary:
            for name, content in packed.files.items():
                (temporary / name).write_bytes(content)
    return load_bundle(folder)


def refuse_other_scores(packed: PackedModel, classifier: CrackClassifier) -> None:
    """Workers of a mixed fleet may differ in the last digits, not in more: the parity gate.

    Raises:
        BundleError: This machine's scores of known images are not those of the machine that sent the model.
    """
    scores = classifier.run(verification_images(classifier.bundle.config.input_hw)).score
    gap = max(abs(float(own) - sent) for own, sent in zip(scores, packed.scores, strict=True))
    if not gap <= PARITY:
        raise BundleError(
            f"this machine's scores differ by {gap:.2g} from those where the batch was started; at most "
            f"{PARITY:g} is allowed: `crackscope model verify` there may tell why"
        )


def _is_whole(folder: Path, packed: PackedModel) -> bool:
    try:
        return all((folder / name).read_bytes() == content for name, content in packed.files.items())
    except OSError:
        return False
