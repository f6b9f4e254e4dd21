from __future__ import annotations

import dataclasses
import pickle
from pathlib import Path
from typing import Any

import pytest

from crackscope.errors import RecipeError
from crackscope.training.recipe import Recipe
from crackscope.training.recipe_file import (
    find_recipe,
    load_recipe,
    parse_recipe,
    recipe_keys,
    recipe_names,
    recipe_to_toml,
)


def test_the_default_recipe_on_disk_is_what_the_records_say() -> None:
    assert load_recipe("default") == Recipe()
    names_every_key = recipe_to_toml(Recipe())
    assert find_recipe("default").read_text(encoding="utf-8").endswith(names_every_key)


@pytest.mark.parametrize("name", recipe_names())
def test_every_ready_recipe_can_be_read(name: str) -> None:
    assert load_recipe(name).network.input_px >= 32


def test_the_seed_recipe_is_the_one_of_the_seed() -> None:
    seed = load_recipe("seed")
    assert seed.network.backbone == "tf_efficientnetv2_b0"
    assert seed.network.input_px == 64
    assert (seed.finetune.batch_size, seed.finetune.epochs, seed.finetune.optimizer) == (32, 5, "adam")
    assert seed.finetune.enabled


def test_a_written_recipe_reads_back_the_same(tmp_path: Path) -> None:
    recipe = load_recipe("seed", {"card.name": 'Größe "x" \\ # 1', "head.views": ["identity", "zoom"]})
    path = tmp_path / "recipe.toml"
    path.write_text(recipe_to_toml(recipe), encoding="utf-8")
    assert load_recipe(path) == recipe


def test_a_file_names_only_what_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[network]\ninput_px = 96\n", encoding="utf-8")
    recipe = load_recipe(path)
    assert recipe.network.input_px == 96
    assert dataclasses.replace(recipe, network=Recipe().network) == Recipe()


def test_overrides_come_last_and_text_is_read_as_toml() -> None:
    recipe = load_recipe(
        "seed",
        {
            "network.input_px": "96",
            "network.backbone": "resnet18",
            "head.views": '["identity", "flip"]',
            "finetune.enabled": "false",
            "finetune.unfreeze": 2,
        },
    )
    assert recipe.network.input_px == 96
    assert recipe.network.backbone == "resnet18"
    assert recipe.head.views == ("identity", "flip")
    assert recipe.finetune.enabled is False
    assert recipe.finetune.unfreeze == 2


def test_an_unknown_key_is_refused_with_the_near_and_the_valid_ones() -> None:
    with pytest.raises(RecipeError, match=r"unknown keys network\.input_pix") as caught:
        load_recipe("default", {"network.input_pix": 64})
    assert "did you mean network.input_px?" in str(caught.value)
    assert all(key in str(caught.value) for key in recipe_keys())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("network.input_px", "banana"),
        ("network.input_px", True),
        ("network.input_px", 64.5),
        ("network.input_px", 8),
        ("network.backbone", ""),
        ("augment.zoom_min", 0),
        ("head.views", ["flip"]),
        ("head.views", ["identity", "identity"]),
        ("head.views", ["identity", "upside_down"]),
        ("head.learning_rate", float("nan")),
        ("data.shares", "70/15/20"),
        ("data.grouping", "files"),
        ("finetune.unfreeze", 0),
        ("finetune.unfreeze", "some"),
        ("decision.threshold_rule", "recall>2"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(key: str, value: Any) -> None:
    with pytest.raises(RecipeError, match=key.split(".")[-1].split("_")[0]):
        load_recipe("default", {key: value})


@pytest.mark.parametrize("key", ["network", "network.input_px.deep", "nothing"])
def test_a_key_that_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(RecipeError, match=r"unknown keys|no recipe key"):
        load_recipe("default", {key: 1})


def test_no_such_recipe_names_those_that_are_there() -> None:
    with pytest.raises(RecipeError, match=r"default.*seed"):
        load_recipe("nonsense")


def test_a_file_that_is_not_toml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("[network\n", encoding="utf-8")
    with pytest.raises(RecipeError, match=r"broken\.toml"):
        load_recipe(path)


def test_an_empty_document_is_the_default_recipe() -> None:
    assert parse_recipe({}) == Recipe()


def test_a_recipe_survives_pickling_for_other_processes() -> None:
    recipe = load_recipe("seed")
    assert pickle.loads(pickle.dumps(recipe)) == recipe
