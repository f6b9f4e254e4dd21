from __future__ import annotations

import dataclasses

import pytest

from crackscope.errors import RecipeError
from crackscope.training.recipe import HeadRecipe, Recipe
from crackscope.training.recipe_file import recipe_keys
from crackscope.training.search_space import DEFAULT_KEYS, encode, needs_stage_2, search_space, with_values


def test_by_default_the_head_is_searched_and_no_trial_needs_stage_2() -> None:
    space = search_space(DEFAULT_KEYS, Recipe())
    assert set(space) == {"head.learning_rate", "head.l2", "head.batch_size", "head.views"}
    assert not needs_stage_2(space)


def test_keys_of_augment_and_finetune_need_stage_2() -> None:
    assert needs_stage_2(search_space(["augment.blur"], Recipe()))
    assert needs_stage_2(search_space(["head", "finetune.ema"], Recipe()))
    assert not needs_stage_2(search_space(["network.input_px"], Recipe()))


def test_every_key_that_can_be_searched_is_one_of_the_recipe() -> None:
    everything = search_space(["head", "network", "augment", "finetune"], Recipe())
    assert set(everything) <= set(recipe_keys())


@pytest.mark.parametrize("keys", [["data.seed"], ["head", "nonsense"], ["decision"], ["head.l"], []])
def test_other_keys_are_refused_with_those_that_can_be_searched(keys: list[str]) -> None:
    with pytest.raises(RecipeError, match=r"expected a table \(augment, finetune, head, network\)"):
        search_space(keys, Recipe())


def test_the_space_holds_the_values_of_the_recipe_it_starts_from() -> None:
    unusual = Recipe(head=HeadRecipe(learning_rate=0.5, l2=0.0, batch_size=33, views=("identity", "zoom")))
    space = search_space(["head"], unusual)
    for key, value in encode(unusual, list(space)).items():
        assert space[key]._contains(space[key].to_internal_repr(value)), key


def test_values_go_into_a_recipe_and_come_out_again() -> None:
    values = {"head.views": "identity+flip", "head.l2": 0.001, "augment.noise": 0.4}
    recipe = with_values(Recipe(), values)
    assert recipe.head.views == ("identity", "flip")
    assert encode(recipe, list(values)) == values
    assert dataclasses.replace(recipe, head=Recipe().head, augment=Recipe().augment) == Recipe()


def test_a_value_out_of_range_is_refused_as_in_any_recipe() -> None:
    with pytest.raises(ValueError, match="less than or equal"):
        with_values(Recipe(), {"augment.noise": 7.0})
