"""Stage 2 as one loop under Lightning Fabric: batches, steps, validation, and where a killed run goes on.

Every random number is a function of seed, epoch and step, and the schedule one of the step alone, so the
state that is saved is a position and tensors. A restart does again what was not saved, and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from timm.utils.model_ema import ModelEmaV3
from torch import Tensor, nn

from crackscope.training.augment import augment_batch, generator_of, to_unit_nchw
from crackscope.training.batches import Draw, PhotoSet, balance_weights, plan_epoch, plan_once, split_batches
from crackscope.training.checkpoint import FinetuneState, save_state
from crackscope.training.frozen_norms import FoldedBackbone
from crackscope.training.history import EpochRow, Tally
from crackscope.training.loader import Batch, PhotoBatches
from crackscope.training.loss import label_loss, rate_factor
from crackscope.training.network import CrackNetwork
from crackscope.training.recipe import FinetuneRecipe, Recipe

#: How often the loss of a step goes to the logs.
_LOG_EVERY_STEPS = 20

#: Longer gradients are shortened to this norm, so that one odd batch can't undo what was learned.
_CLIP_NORM = 1.0

#: Depthwise convolutions take a quarter less time when a pixel's channels lie together.
_MEMORY_FORMAT = torch.channels_last

#: Of each epoch's row.
_LOGGED = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate")


class FinetuneLoop:
    """Trains, validates, keeps the best weights and saves where it stands.

    Args:
        fabric: Launched: this is one process of its own.
        network: What learns; its frozen parts are already frozen.
        train: Photos to learn from.
        validation: Photos that choose the best epoch.
        recipe: All choices.
        state: Where to start; kept up to date.
        checkpoint: Where the state is saved: after each epoch, and between if ``checkpoint_every_s`` seconds
            have passed.
        stop_asked: Asked after each step; where it says yes, `run` saves and returns.
        on_step: Told of steps done and in all.
        on_epoch: Told of each epoch when it is saved.
    """

    def __init__(
        self,
        fabric: Fabric,
        network: CrackNetwork,
        train: PhotoSet,
        validation: PhotoSet,
        recipe: Recipe,
        *,
        state: FinetuneState,
        checkpoint: Path,
        checkpoint_every_s: float,
        stop_asked: Callable[[], bool],
        on_step: Callable[[int, int], None] = lambda done, total: None,
        on_epoch: Callable[[EpochRow], None] = lambda row: None,
    ) -> None:
        self._fabric, self._recipe, self._state = fabric, recipe, state
        self._photos, self._validation_photos = train, validation
        self._checkpoint, self._checkpoint_every_s = checkpoint, checkpoint_every_s
        self._stop_asked, self._on_step, self._on_epoch = stop_asked, on_step, on_epoch
        self._saved_at = time.monotonic()
        self._steps_per_epoch = len(self._split(plan_once(train)))
        self._network = network.to(memory_format=_MEMORY_FORMAT)
        if state.network is not None:
            network.load_state_dict(state.network)
        learner = _Learner(network)
        self._optimizer = _make_optimizer(network, recipe.finetune)
        self._learner, self._stepper = fabric.setup(learner, self._optimizer)
        if state.optimizer is not None:
            self._optimizer.load_state_dict(state.optimizer)
        # From here on the weights are on their device.
        self._ema = _make_ema(network, recipe.finetune, state)
        network.train()
        learner.fold()
        weights = balance_weights(validation.labels, validation.sources, recipe.data.balance)
        self._validation_weights = fabric.to_device(torch.from_numpy(weights).float())

    def run(self) -> None:
        """Epoch after epoch until the recipe, patience or a person ends it."""
        while not self._state.finished(self._recipe):
            if not self._train():
                break
            row = self._epoch_row(self._validate())
            self._keep(row)
            asked = self._asked()
            self._save()
            self._on_epoch(row)
            if asked:
                break
        # Nobody reads the file before it is written.
        self._fabric.barrier()

    def _train(self) -> bool:
        """The steps that are left of this epoch; ``False`` where a person stopped it between two."""
        # `CrackNetwork.train` keeps frozen parts frozen.
        self._network.train()
        draws = plan_epoch(self._photos, self._recipe, self._state.epoch)
        for batch in self._load(self._photos, draws, first_step=self._state.step):
            loss = self._step(self._augmented(batch))
            self._state.step += 1
            self._on_step(self._state.step, self._steps_per_epoch)
            if self._state.step % _LOG_EVERY_STEPS == 0:
                self._log({"step/loss": float(loss), "step/learning_rate": self._learning_rate})
            # After its last step an epoch is saved only when it is validated.
            if self._state.step < self._steps_per_epoch and not self._go_on():
                return False
        return True

    def _step(self, batch: Batch) -> Tensor:
        """One step of the optimizer; the loss that was reduced has smoothed labels, the tally's has not."""
        finetune = self._recipe.finetune
        total = finetune.epochs * self._steps_per_epoch
        factor = rate_factor(self._position, total, finetune.warmup_share)
        for group in self._optimizer.param_groups:
            group["lr"] = group["full_lr"] * factor
        logits: Tensor = self._learner(batch.images)
        self._state.tally.count(logits.detach(), batch.labels, torch.ones_like(batch.labels))
        loss = label_loss(logits, batch, finetune)
        self._stepper.zero_grad()
        self._fabric.backward(loss)
        # A loss that is no number ends the training after the epoch, with advice.
        self._fabric.clip_gradients(
            self._learner, self._stepper, max_norm=_CLIP_NORM, error_if_nonfinite=False
        )
        self._stepper.step()
        if self._ema is not None:
            self._ema.update(self._network, step=self._position + 1)
        return loss.detach()

    def _augmented(self, batch: Batch) -> Batch:
        """Changed on the device, outside of reduced precision."""
        place = (self._recipe.run.seed, self._state.epoch, self._state.step, self._fabric.global_rank)
        generator = generator_of(*place, device=self._fabric.device)
        # Dropout draws from the global generator, which must not remember how often the run was restarted.
        torch.manual_seed(generator.initial_seed())
        images = augment_batch(batch.images, self._recipe.augment, generator)
        return batch._replace(images=images.contiguous(memory_format=_MEMORY_FORMAT))

    def _validate(self) -> Tally:
        """Loss and hits of the network that is judged, on every validation photo."""
        tally, precision = Tally(), self._fabric.strategy.precision
        self._judged.eval()
        with torch.inference_mode():
            for batch in self._load(self._validation_photos, plan_once(self._validation_photos)):
                images = to_unit_nchw(batch.images).contiguous(memory_format=_MEMORY_FORMAT)
                with precision.forward_context():
                    logits = self._judged(precision.convert_input(images))
                tally.count(logits, batch.labels, self._validation_weights[batch.photos])
        return self._summed(tally)

    def _epoch_row(self, validation: Tally) -> EpochRow:
        train = self._summed(self._state.tally)
        return EpochRow(
            stage="finetune",
            epoch=self._state.epoch,
            train_loss=train.mean_loss,
            train_accuracy=train.accuracy,
            validation_loss=validation.mean_loss,
            validation_accuracy=validation.accuracy,
            learning_rate=self._learning_rate,
        )

    def _keep(self, row: EpochRow) -> None:
        """Write the epoch down, keep its weights if they are the best, and begin the next."""
        state = self._state
        self._log({f"epoch/{name}": getattr(row, name) for name in _LOGGED})
        state.history.append(row)
        if state.best_row(self._recipe) is row:
            weights = self._judged.state_dict()
            state.best = {name: value.detach().cpu().clone() for name, value in weights.items()}
        state.epoch, state.step, state.tally = state.epoch + 1, 0, Tally()

    def _go_on(self) -> bool:
        """Save if it is time or a person asked to stop; whether nobody did."""
        asked = self._asked()
        if asked or time.monotonic() - self._saved_at >= self._checkpoint_every_s:
            self._save()
        return not asked

    def _asked(self) -> bool:
        # All processes have to agree, or the others wait for this one for ever.
        asked = torch.tensor(int(self._stop_asked()), device=self._fabric.device)
        return bool(self._everywhere(asked))

    def _save(self) -> None:
        """Write the state; every process has the same, so the first one writes."""
        self._state.network = self._network.state_dict()
        self._state.ema = None if self._ema is None else self._ema.module.state_dict()
        self._state.optimizer = self._optimizer.state_dict()
        if self._fabric.is_global_zero:
            save_state(self._checkpoint, self._state)
        self._saved_at = time.monotonic()

    @property
    def _judged(self) -> CrackNetwork:
        """The network that is validated and kept: the averaged one where there is one."""
        return self._network if self._ema is None else self._ema.module

    @property
    def _position(self) -> int:
        """Steps done since the training began, over all restarts."""
        return self._state.epoch * self._steps_per_epoch + self._state.step

    @property
    def _learning_rate(self) -> float:
        # The dense output's group is the last one.
        return float(self._optimizer.param_groups[-1]["lr"])

    def _split(self, draws: list[Draw]) -> list[list[Draw]]:
        size = self._recipe.finetune.batch_size
        return split_batches(draws, size, rank=self._fabric.global_rank, ranks=self._fabric.world_size)

    def _load(self, photos: PhotoSet, draws: list[Draw], *, first_step: int = 0) -> Iterator[Batch]:
        """Batches of this process, on its device."""
        side, run = self._recipe.network.input_px, self._recipe.run
        batches = self._split(draws)[first_step:]
        for batch in PhotoBatches(photos, batches, (side, side), seed=run.seed, workers=run.workers):
            yield self._fabric.to_device(batch)

    def _summed(self, tally: Tally) -> Tally:
        """The tally over all processes."""
        if self._fabric.world_size == 1:
            return tally
        return tally.reduced(lambda sums: self._everywhere(self._fabric.to_device(sums)))

    def _everywhere(self, numbers: Tensor) -> Tensor:
        total: Any = self._fabric.all_reduce(numbers, reduce_op="sum")
        return torch.as_tensor(total)

    def _log(self, numbers: dict[str, float]) -> None:
        self._fabric.log_dict(numbers, step=self._position)


class _Learner(nn.Module):
    """Images in [0, 1] to logits for training: what a step of several devices agrees on is in `forward`."""

    def __init__(self, network: CrackNetwork) -> None:
        super().__init__()
        self.network = network

    def fold(self) -> None:
        """Fold frozen norms, once the weights are on their device; see `FoldedBackbone`."""
        self._features = FoldedBackbone(self.network.backbone)

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) to (N,)."""
        return self.network.classify(self._features(self.network.normalise(images)))


def _make_optimizer(network: CrackNetwork, recipe: FinetuneRecipe) -> torch.optim.Optimizer:
    """Adam or AdamW, slower towards the input."""
    groups = network.parameter_groups(
        learning_rate=recipe.learning_rate,
        head_learning_rate=recipe.head_learning_rate,
        layer_decay=recipe.layer_decay,
        weight_decay=recipe.weight_decay if recipe.optimizer == "adamw" else 0.0,
    )
    for group in groups:
        group["full_lr"] = group["lr"]
    kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, foreach=True)


def _make_ema(network: CrackNetwork, recipe: FinetuneRecipe, state: FinetuneState) -> ModelEmaV3 | None:
    if not recipe.ema:
        return None
    ema = ModelEmaV3(network, decay=recipe.ema, use_warmup=True)
    ema.requires_grad_(False)
    if state.ema is not None:
        ema.module.load_state_dict(state.ema)
    return ema
