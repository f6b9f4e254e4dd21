"""Which keys of a recipe can be searched, and where their good values are to be expected."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from crackscope.errors import RecipeError
from crackscope.training.recipe import Recipe

#: What is searched unless keys are named: each trial takes seconds on cached embeddings.
DEFAULT_KEYS = ("head",)

#: Tables whose keys matter in stage 2 only.
_STAGE_2 = ("augment", "finetune")

_VIEWS = ("identity", "identity+flip", "identity+flip+quarter_turn", "identity+flip+quarter_turn+zoom")


def _log(low: float, high: float) -> FloatDistribution:
    return FloatDistribution(low, high, log=True)


# Keys of [data], [decision] and [run] are not here: they would change what is measured, not how well it goes.
_SPACE: dict[str, BaseDistribution] = {
    "head.learning_rate": _log(3e-4, 3e-2),
    "head.l2": _log(1e-7, 1e-2),
    "head.batch_size": CategoricalDistribution((128, 256, 512, 1024)),
    "head.views": CategoricalDistribution(_VIEWS),
    "network.backbone": CategoricalDistribution(
        ("tf_efficientnet_lite0", "tf_efficientnet_lite1", "tf_efficientnet_lite2")
    ),
    "network.input_px": CategoricalDistribution((64, 96, 128)),
    "augment.rotation_deg": CategoricalDistribution((0.0, 15.0, 45.0, 180.0)),
    "augment.zoom_min": FloatDistribution(0.5, 1.0),
    "augment.zoom_max": FloatDistribution(1.0, 2.0),
    "augment.brightness": FloatDistribution(0.0, 0.4),
    "augment.contrast": FloatDistribution(0.0, 0.6),
    "augment.colour": FloatDistribution(0.0, 0.2),
    "augment.blur": FloatDistribution(0.0, 0.5),
    "augment.noise": FloatDistribution(0.0, 0.5),
    "augment.synthetic_cracks": FloatDistribution(0.0, 0.6),
    "augment.distractors": FloatDistribution(0.0, 0.5),
    "finetune.learning_rate": _log(1e-5, 1e-2),
    "finetune.head_learning_rate": _log(1e-5, 1e-2),
    "finetune.layer_decay": FloatDistribution(0.5, 1.0),
    "finetune.weight_decay": _log(1e-4, 0.3),
    "finetune.ema": CategoricalDistribution((0.0, 0.9, 0.99, 0.999)),
    "finetune.label_smoothing": FloatDistribution(0.0, 0.1),
}


def search_space(keys: Sequence[str], recipe: Recipe) -> dict[str, BaseDistribution]:
    """The distributions of the keys, widened to hold the recipe's own values.

    Args:
        keys: Dotted keys, or names of tables for all of their keys.
        recipe: What the search starts from.

    Raises:
        RecipeError: A key that can't be searched; the message lists those that can.
    """
    wanted = [name for name in _SPACE if any(name == key or name.startswith(f"{key}.") for key in keys)]
    unknown = [key for key in keys if not any(name == key or name.startswith(f"{key}.") for name in _SPACE)]
    if unknown or not wanted:
        tables = sorted({name.split(".")[0] for name in _SPACE})
        raise RecipeError(
            f"can't search {', '.join(unknown) or 'nothing'}; expected a table ({', '.join(tables)}) "
            f"or a key: {', '.join(_SPACE)}"
        )
    start = encode(recipe, wanted)
    return {name: _including(_SPACE[name], start[name]) for name in wanted}


def needs_stage_2(keys: Mapping[str, BaseDistribution]) -> bool:
    """Whether a head on cached embeddings can't tell good values from bad ones."""
    return any(key.split(".")[0] in _STAGE_2 for key in keys)


def encode(recipe: Recipe, keys: Sequence[str]) -> dict[str, Any]:
    """The recipe's values as Optuna stores them: numbers and text."""
    values = {}
    for key in keys:
        table, name = key.split(".")
        value = getattr(getattr(recipe, table), name)
        values[key] = "+".join(value) if isinstance(value, tuple) else value
    return values


def with_values(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """The recipe with other values; the inverse of `encode`."""
    for key, value in values.items():
        table, name = key.split(".")
        decoded = tuple(value.split("+")) if name == "views" else value
        record = dataclasses.replace(getattr(recipe, table), **{name: decoded})
        recipe = dataclasses.replace(recipe, **{table: record})
    return recipe


def _including(space: BaseDistribution, value: Any) -> BaseDistribution:
    if isinstance(space, CategoricalDistribution):
        return space if value in space.choices else CategoricalDistribution((*space.choices, value))
    assert isinstance(space, FloatDistribution)
    if space.log and value <= 0:
        return FloatDistribution(0.0, space.high)
    return FloatDistribution(min(space.low, value), max(space.high, value), log=space.log)
