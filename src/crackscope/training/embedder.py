"""A network ready to embed whole parts of the data: exported once, run by ONNX Runtime, cached on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import Bundle, Calibration, ModelConfig, Threshold
from crackscope.inference.open_session import open_session
from crackscope.inference.session import Session
from crackscope.storage import atomic_path
from crackscope.training.embeddings import EmbeddingJob, Features, embed_photos
from crackscope.training.export import ExportedGraph, export_onnx
from crackscope.training.head import LabelledEmbeddings
from crackscope.training.listener import Listener
from crackscope.training.network import CrackNetwork
from crackscope.training.parts import PartPhotos
from crackscope.training.recipe import Recipe, View
from crackscope.training.weights import tensors_sha256

#: Nothing is decided yet while photos are being embedded.
UNDECIDED_THRESHOLD = Threshold(value=0.5, rule="fixed:0.5", fitted_on="nothing yet")
UNCALIBRATED = Calibration(method="none", scale=1.0, bias=0.0, fitted_on="nothing yet")


class Embedder:
    """Embeds parts with a network's base as it is now.

    Args:
        network: Exported when there is no graph of the same weights in the cache.
        recipe: Input size and threads.
        cache: Takes the graph and the embeddings; safe to delete.

    Raises:
        ExportError: The network can't be exported; said before anything is trained.
    """

    def __init__(self, network: CrackNetwork, recipe: Recipe, cache: Path) -> None:
        self._recipe, self._cache = recipe, cache
        self._network_sha256 = tensors_sha256(network.features_state())
        self._session = self._open(network)

    def embed(self, part: PartPhotos, views: tuple[View, ...], listener: Listener) -> LabelledEmbeddings:
        """Embed every photo of a part in the given views."""
        values = self._features(part, views, "embedding", listener)
        return LabelledEmbeddings(values=values, labels=part.photos.labels, sources=part.photos.sources)

    def trunk(self, part: PartPhotos, views: tuple[View, ...], listener: Listener) -> NDArray[np.float32]:
        """(N, T) pooled features of the last stage, of the photos as they are.

        After `embed` of the same part and views they come from the cache.
        """
        return self._features(part, views, "trunk", listener)

    def _features(
        self, part: PartPhotos, views: tuple[View, ...], features: Features, listener: Listener
    ) -> NDArray[np.float32]:
        return embed_photos(
            EmbeddingJob(
                paths=part.photos.paths,
                sha256=part.sha256,
                input_hw=self.input_hw,
                views=views,
                network_sha256=self._network_sha256,
            ),
            self._session,
            self._cache,
            features=features,
            workers=self._recipe.run.workers,
            progress=listener.progress,
        )

    def trunk_of(self, images_nhwc: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(N, T) the same of images at the network's input size."""
        trunk = self._session.run(images_nhwc).trunk
        assert trunk is not None, "every exported graph has a trunk"
        return trunk

    @property
    def input_hw(self) -> tuple[int, int]:
        """The network's input size in pixels."""
        return self._recipe.network.input_px, self._recipe.network.input_px

    def _open(self, network: CrackNetwork) -> Session:
        folder = self._cache / f"trunk-graph-{self._network_sha256[:16]}-{self._recipe.network.input_px}"
        config = ModelConfig(
            name="embedder",
            created="",
            input_hw=self.input_hw,
            patch_px=self._recipe.network.input_px,
            backbone=network.backbone_name,
            weights="",
            threshold=UNDECIDED_THRESHOLD,
            calibration=UNCALIBRATED,
        )
        bundle = Bundle(folder, config)
        if not bundle.onnx_path.is_file():
            with atomic_path(bundle.onnx_path) as temporary:
                export_onnx(ExportedGraph(network, UNCALIBRATED, None), temporary, self.input_hw)
        return open_session(bundle)


def first_view(data: LabelledEmbeddings) -> NDArray[np.float32]:
    """(N, D): the photos as they are."""
    return np.ascontiguousarray(data.values[:, 0])
