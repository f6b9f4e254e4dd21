"""The training loop over crops: exact restarts, averaged weights, a rate that warms up and falls."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from timm.utils.model_ema import ModelEmaV3
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from crackscope.errors import ResumeError
from crackscope.storage import atomic_path
from crackscope.training.frozen_norms import FoldedBackbone
from crackscope.training.loss import rate_factor
from crackscope.training.places.crops import Crop, draw_crop
from crackscope.training.places.loss import CropBatch, crop_loss
from crackscope.training.places.sources import CropSource
from crackscope.training.pyramid import PyramidNetwork, attention

CHECKPOINT_NAME = "teach.pt"

#: Longer gradients are shortened to this norm, so that one odd batch can't undo what was learned.
_CLIP_NORM = 1.0

#: Steps between two lines of the log.
_LOG_EVERY = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TeachOptions:
    """How a network is taught; everything but ``workers`` and ``checkpoint_every_s`` changes the result.

    Attributes:
        steps: How many batches.
        batch_size: Crops of a batch.
        input_px: Side of a crop as the network sees it.
        unfreeze: The last blocks of the base that learn.
        learning_rate: Of the base's last block, and ``layer_decay`` times that for each block before.
        head_learning_rate: Of pyramid and head.
        layer_decay: See ``learning_rate``.
        weight_decay: Of matrices.
        warmup_share: Of the steps.
        ema: Decay of the moving average of weights that is kept.
        doubt: See `crop_loss`.
        label_smoothing: See `crop_loss`.
        seed: Of crops and dropout.
        workers: Processes that make crops.
        checkpoint_every_s: At most so much work is lost to a kill.
    """

    steps: int
    batch_size: int = 32
    input_px: int = 128
    unfreeze: int = 5
    learning_rate: float = 2e-4
    head_learning_rate: float = 2e-3
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup_share: float = 0.05
    ema: float = 0.997
    doubt: float = 0.7
    label_smoothing: float = 0.01
    seed: int = 0
    workers: int = 1
    checkpoint_every_s: float = 120.0


class _Crops(Dataset[Crop]):
    """Crop ``i`` of the whole training: a function of the seed and of ``i`` alone."""

    def __init__(self, sources: Sequence[CropSource], options: TeachOptions) -> None:
        self._sources, self._options = tuple(sources), options
        shares = np.array([source.share for source in sources], float)
        self._shares = shares / shares.sum()

    def __len__(self) -> int:
        return self._options.steps * self._options.batch_size

    def __getitem__(self, index: int) -> Crop:
        rng = np.random.default_rng([self._options.seed, index])
        source = self._sources[int(rng.choice(len(self._shares), p=self._shares))]
        return draw_crop(source, rng, self._options.input_px)


def crop_batches(
    sources: Sequence[CropSource], options: TeachOptions, first_step: int = 0
) -> Iterator[CropBatch]:
    """The batches of a training from a step on."""
    crops = _Crops(sources, options)
    left = range(first_step * options.batch_size, len(crops))
    loader: DataLoader[Crop] = DataLoader(
        crops,
        batch_size=options.batch_size,
        sampler=left,
        num_workers=options.workers,
        collate_fn=_collate,
        prefetch_factor=4 if options.workers else None,
    )
    yield from loader


def _collate(crops: Sequence[Crop]) -> CropBatch:
    return CropBatch(
        images=torch.from_numpy(np.stack([crop.pixels_hwc for crop in crops])),
        labels=torch.tensor([float(crop.label) for crop in crops]),
        places=torch.from_numpy(np.stack([crop.places_hw for crop in crops])),
        doubted=torch.tensor([crop.doubted for crop in crops]),
    )


def teach(
    network: PyramidNetwork,
    sources: Sequence[CropSource],
    options: TeachOptions,
    folder: Path,
    *,
    report: Callable[[int, float], None] | None = None,
    report_every: int = _LOG_EVERY,
) -> PyramidNetwork:
    """Teach a network; a run that was stopped goes on from ``folder/teach.pt``.

    Args:
        network: With the weights to start from; it is left as it is.
        sources: What to learn from.
        options: How.
        folder: Takes the checkpoint.
        report: Told (steps done, mean loss of late) now and then.
        report_every: Steps between two reports.

    Returns:
        The averaged network, in eval mode.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = _State(network, options, folder / CHECKPOINT_NAME)
    learner, features = state.learner, FoldedBackbone(state.learner.backbone)
    losses: list[float] = []
    for batch in crop_batches(sources, options, state.step):
        torch.manual_seed(options.seed + state.step)
        loss = _step(learner, features, batch, options)
        _apply(state.optimizer, loss, learner, rate_factor(state.step, options.steps, options.warmup_share))
        state.step += 1
        state.ema.update(learner, step=state.step)
        losses.append(float(loss.detach()))
        if report is not None and state.step % report_every == 0:
            report(state.step, float(np.mean(losses[-report_every:])))
        state.save_if_due()
    state.save()
    return state.ema.module.eval()  # type: ignore[no-any-return]


def _step(
    learner: PyramidNetwork, features: FoldedBackbone, batch: CropBatch, options: TeachOptions
) -> Tensor:
    images = batch.images.permute(0, 3, 1, 2).to(torch.float32).div_(255)
    images = learner.normalise(images).contiguous(memory_format=torch.channels_last)
    features.refresh()
    found = learner.dropout(learner.pyramid(learner.stages(images, features.backbone)))
    places = learner.places(found)
    logits = (attention(places) * places).sum((1, 2))
    return crop_loss(logits, places, batch, doubt=options.doubt, smoothing=options.label_smoothing)


def _apply(optimizer: torch.optim.Optimizer, loss: Tensor, learner: PyramidNetwork, factor: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = group["full_lr"] * factor
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(learner.parameters(), _CLIP_NORM)
    optimizer.step()


class _State:
    """Everything that changes, on disk every now and then."""

    def __init__(self, network: PyramidNetwork, options: TeachOptions, path: Path) -> None:
        self.learner = copy.deepcopy(network).to(memory_format=torch.channels_last)
        self.learner.unfreeze(options.unfreeze)
        self.learner.train()
        self.ema: Any = ModelEmaV3(self.learner, decay=options.ema, use_warmup=True)
        groups = self.learner.parameter_groups(
            learning_rate=options.learning_rate,
            head_learning_rate=options.head_learning_rate,
            layer_decay=options.layer_decay,
            weight_decay=options.weight_decay,
        )
        for group in groups:
            group["full_lr"] = group["lr"]
        self.optimizer = torch.optim.AdamW(groups, foreach=True)
        self.step = 0
        self._path, self._every_s, self._saved_at = path, options.checkpoint_every_s, time.monotonic()
        self._identity = json.dumps(asdict(options) | {"workers": 0, "checkpoint_every_s": 0})
        if path.is_file():
            self._load()

    def save_if_due(self) -> None:
        if time.monotonic() - self._saved_at >= self._every_s:
            self.save()

    def save(self) -> None:
        saved = {
            "identity": self._identity,
            "step": self.step,
            "learner": self.learner.state_dict(),
            "ema": self.ema.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        with atomic_path(self._path) as temporary:
            torch.save(saved, temporary)
        self._saved_at = time.monotonic()

    def _load(self) -> None:
        saved = torch.load(self._path, weights_only=True)
        if saved["identity"] != self._identity:
            raise ResumeError(
                f"{self._path} belongs to a training with other options; choose another folder or remove it"
            )
        self.step = saved["step"]
        self.learner.load_state_dict(saved["learner"])
        self.ema.module.load_state_dict(saved["ema"])
        self.optimizer.load_state_dict(saved["optimizer"])
