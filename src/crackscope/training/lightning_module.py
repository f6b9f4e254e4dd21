"""Stage 2 as Lightning sees it. Position and random numbers are our own, so a killed run goes on exactly."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import torch
from lightning.pytorch import LightningModule
from timm.utils.model_ema import ModelEmaV3
from torch import Tensor

from crackscope.errors import RunInterruptedError
from crackscope.training.augment import augment_batch, generator_of, to_unit_nchw
from crackscope.training.balance import balance_weights
from crackscope.training.batches import Draw, PhotoSet, plan_epoch, plan_once, split_batches
from crackscope.training.checkpoint import FinetuneState, save_state
from crackscope.training.folding import FoldedBackbone
from crackscope.training.history import EpochRow
from crackscope.training.label_loss import label_loss
from crackscope.training.loader import Batch, PhotoBatches
from crackscope.training.network import CrackNetwork
from crackscope.training.recipe import Recipe
from crackscope.training.schedule import rate_factor
from crackscope.training.tally import Tally

#: How often the loss of a step goes to the logs.
LOG_EVERY_STEPS = 20

#: Depthwise convolutions take a quarter less time when a pixel's channels lie together.
MEMORY_FORMAT = torch.channels_last


class FinetuneModule(LightningModule):
    """Trains, validates, keeps the best weights and saves where it stands.

    Lightning's own mid-epoch restart is not used: it skips the validation of an epoch that was saved at its
    last step. Instead a fresh `Trainer` gets a loader with the steps that are left.

    Args:
        network: What learns; its frozen parts are already frozen.
        train: Photos to learn from.
        validation: Photos that choose the best epoch.
        recipe: All choices.
        state: Where to start; kept up to date.
        checkpoint: Where the state is saved: after each epoch, and between if
            ``checkpoint_every_s`` seconds have passed.
        stop_asked: Asked after each step; where it says yes, the module saves and raises.
        on_epoch: Told of each epoch when it is saved.
    """

    validation_weights: Tensor

    def __init__(
        self,
        network: CrackNetwork,
        train: PhotoSet,
        validation: PhotoSet,
        recipe: Recipe,
        *,
        state: FinetuneState,
        checkpoint: Path,
        checkpoint_every_s: float,
        stop_asked: Callable[[], bool],
        on_epoch: Callable[[EpochRow], None] | None = None,
    ) -> None:
        super().__init__()
        self.network: CrackNetwork = network.to(memory_format=MEMORY_FORMAT)
        self.recipe, self.state = recipe, state
        self._photos, self._validation_photos = train, validation
        self._checkpoint, self._checkpoint_every_s = checkpoint, checkpoint_every_s
        self._stop_asked, self._on_epoch = stop_asked, on_epoch
        self._saved_at = time.monotonic()
        self._steps_per_epoch = 0
        self._validation = Tally()
        weights = balance_weights(validation.labels, validation.sources, recipe.data.balance)
        self.register_buffer("validation_weights", torch.from_numpy(weights).float(), persistent=False)
        self.ema: ModelEmaV3 | None = None
        self._features: FoldedBackbone | None = None

    @property
    def judged(self) -> CrackNetwork:
        """The network that is validated and kept: the averaged one where there is one."""
        return self.network if self.ema is None else self.ema.module

    @property
    def global_position(self) -> int:
        """Steps done since the training began, over all restarts."""
        return self.state.epoch * self._steps_per_epoch + self.state.step

    def setup(self, stage: str) -> None:
        """In each process: count the steps of an epoch, and take the weights to go on with."""
        draws, size = plan_once(self._photos), self.recipe.finetune.batch_size
        self._steps_per_epoch = len(split_batches(draws, size, ranks=self._ranks))
        if self.recipe.finetune.ema:
            # Made here and not before, because its random generator can't be sent to another process.
            self.ema = ModelEmaV3(self.network, decay=self.recipe.finetune.ema, use_warmup=True)
            self.ema.requires_grad_(False)
        self._restore()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam or AdamW, slower towards the input; its state goes on where it was."""
        recipe = self.recipe.finetune
        decay = recipe.weight_decay if recipe.optimizer == "adamw" else 0.0
        groups = self.network.parameter_groups(
            learning_rate=recipe.learning_rate,
            head_learning_rate=recipe.head_learning_rate,
            layer_decay=recipe.layer_decay,
            weight_decay=decay,
        )
        for group in groups:
            group["full_lr"] = group["lr"]
        kind = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
        optimizer = kind(groups, foreach=True)
        if self.state.optimizer is not None:
            optimizer.load_state_dict(self.state.optimizer)
        return optimizer

    def train_dataloader(self) -> PhotoBatches:
        """What is left of the current epoch; Lightning asks again for each epoch."""
        draws = plan_epoch(self._photos, self.recipe, self.state.epoch)
        return self._loader(self._photos, draws, first_step=self.state.step)

    def val_dataloader(self) -> PhotoBatches:
        """Every validation photo once."""
        return self._loader(self._validation_photos, plan_once(self._validation_photos))

    def on_after_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Augment on the device, outside of reduced precision."""
        return batch._replace(images=self._images(batch).contiguous(memory_format=MEMORY_FORMAT))

    def _images(self, batch: Batch) -> Tensor:
        if not self.trainer.training:
            return to_unit_nchw(batch.images)
        place = (self.recipe.run.seed, self.state.epoch, self.state.step, self.global_rank)
        generator = generator_of(*place, device=self.device)
        # Dropout draws from the global generator, which must not remember how often the run was restarted.
        torch.manual_seed(generator.initial_seed())
        return augment_batch(batch.images, self.recipe.augment, generator)

    def on_train_epoch_start(self) -> None:
        """Dropout and, where it learns, batch norm are on; `CrackNetwork.train` keeps frozen parts frozen."""
        self.network.train()
        if self._features is None:  # not before: only now are the weights on their device
            self._features = FoldedBackbone(self.network.backbone)

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Set the learning rates of this step."""
        total = self.recipe.finetune.epochs * self._steps_per_epoch
        factor = rate_factor(self.global_position, total, self.recipe.finetune.warmup_share)
        for group in self._optimizer.param_groups:
            group["lr"] = group["full_lr"] * factor

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss with smoothed labels; the tally has the loss without, to compare with validation."""
        assert self._features is not None, "Lightning begins an epoch before its first step"
        logits = self.network.classify(self._features(self.network.normalise(batch.images)))
        self.state.tally.count(logits.detach(), batch.labels, torch.ones_like(batch.labels))
        return label_loss(logits, batch, self.recipe.finetune)

    def on_train_batch_end(self, outputs: Any, batch: Batch, batch_idx: int) -> None:
        """Average the weights, move the position on, save if it is time."""
        if self.ema is not None:
            self.ema.update(self.network, step=self.global_position + 1)
        self.state.step += 1
        self.log("loss", self.state.tally.mean_loss, prog_bar=True, logger=False)
        if self.state.step % LOG_EVERY_STEPS == 0:
            self._log({"step/loss": float(outputs["loss"]), "step/learning_rate": self._learning_rate})
        # After its last step an epoch is saved only when it is validated.
        if self.state.step < self._steps_per_epoch:
            self._pause(due=time.monotonic() - self._saved_at >= self._checkpoint_every_s)

    def on_validation_epoch_start(self) -> None:
        """Begin a new count."""
        self._validation = Tally()

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Count loss and hits of the network that is judged."""
        weights = self.validation_weights[batch.photos]
        self._validation.count(self.judged(batch.images), batch.labels, weights)

    def on_train_epoch_end(self) -> None:
        """Write the epoch down, keep its weights if they are the best, and stop where patience ends."""
        state, train, validation = self.state, self._summed(self.state.tally), self._summed(self._validation)
        row = EpochRow(
            stage="finetune",
            epoch=state.epoch,
            train_loss=train.mean_loss,
            train_accuracy=train.accuracy,
            validation_loss=validation.mean_loss,
            validation_accuracy=validation.accuracy,
            learning_rate=self._learning_rate,
        )
        self._log({f"epoch/{name}": getattr(row, name) for name in _LOGGED})
        state.history.append(row)
        if state.best_row(self.recipe) is row:
            state.best = {
                name: value.detach().cpu().clone() for name, value in self.judged.state_dict().items()
            }
        state.epoch, state.step, state.tally = state.epoch + 1, 0, Tally()
        self.trainer.should_stop = state.finished(self.recipe)
        self._pause(due=True)
        if self._on_epoch:
            self._on_epoch(row)

    def save(self) -> None:
        """Write the state; every process has the same, so the first one writes."""
        self.state.network = self.network.state_dict()
        self.state.ema = None if self.ema is None else self.ema.module.state_dict()
        self.state.optimizer = self._optimizer.state_dict()
        if self.trainer.is_global_zero:
            save_state(self._checkpoint, self.state)
        self._saved_at = time.monotonic()

    def _pause(self, *, due: bool) -> None:
        """Save if it is time; save and stop if a person asked for it."""
        # All processes have to agree, or the others wait for this one for ever.
        asked = self.trainer.strategy.reduce_boolean_decision(self._stop_asked(), all=False)
        if asked and not self.state.finished(self.recipe):
            self.interrupt()
        elif due or asked:
            self.save()

    def interrupt(self) -> NoReturn:
        """Save and stop after the step that was taken last."""
        self.save()
        raise RunInterruptedError(
            f"stopped in epoch {self.state.epoch + 1} after step {self.state.step} of "
            f"{self._steps_per_epoch}; it is saved: run the same command again to go on from there"
        )

    @property
    def _optimizer(self) -> torch.optim.Optimizer:
        return self.trainer.optimizers[0]

    @property
    def _learning_rate(self) -> float:
        # The dense output's group is the last one.
        return float(self._optimizer.param_groups[-1]["lr"])

    @property
    def _ranks(self) -> int:
        return int(self.trainer.world_size)

    def _restore(self) -> None:
        if self.state.network is not None:
            self.network.load_state_dict(self.state.network)
        if self.ema is not None and self.state.ema is not None:
            self.ema.module.load_state_dict(self.state.ema)

    def _loader(self, photos: PhotoSet, draws: list[Draw], *, first_step: int = 0) -> PhotoBatches:
        size, side = self.recipe.finetune.batch_size, self.recipe.network.input_px
        batches = split_batches(draws, size, rank=self.global_rank, ranks=self._ranks)[first_step:]
        seed, workers = self.recipe.run.seed, self.recipe.run.workers
        return PhotoBatches(photos, batches, (side, side), seed=seed, workers=workers)

    def _summed(self, tally: Tally) -> Tally:
        """The tally over all processes."""
        if self._ranks == 1:
            return tally
        strategy = self.trainer.strategy
        return tally.reduced(lambda sums: strategy.reduce(sums.to(self.device), reduce_op="sum"))

    def _log(self, numbers: dict[str, float]) -> None:
        for logger in self.trainer.loggers:
            logger.log_metrics(numbers, step=self.global_position)


_LOGGED = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "learning_rate")
