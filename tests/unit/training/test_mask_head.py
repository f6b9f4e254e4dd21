from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import timm
import torch
from torch import Tensor

from crackscope.errors import RecipeError
from crackscope.training.mask_head import MaskHead

KNOWN = torch.tensor([True, True])


def make_backbone() -> Any:
    torch.manual_seed(0)
    return timm.create_model("test_efficientnet", num_classes=0, global_pool="")


def make_head() -> tuple[MaskHead, list[Tensor]]:
    backbone = make_backbone()
    head = MaskHead(backbone)
    maps = head.watch(backbone)
    backbone.forward_features(torch.randn(2, 3, 64, 64))
    return head, maps


def coverage_of(rows: slice) -> Tensor:
    coverage = torch.zeros(2, 64, 64)
    coverage[:, rows] = 1.0
    return coverage


def test_it_watches_the_stages_at_stride_8_and_16_of_the_last_batch() -> None:
    backbone = make_backbone()
    head = MaskHead(backbone)
    maps = head.watch(backbone)
    for count in (3, 2):
        backbone.forward_features(torch.randn(count, 3, 64, 64))
        assert [tuple(features.shape[::2]) for features in maps] == [(count, 8), (count, 4)]


def test_it_can_learn_where_the_cracks_are() -> None:
    head, maps = make_head()
    maps = [torch.cat([features.detach(), torch.zeros_like(features)]) for features in maps]
    for features in maps:
        features[:, 0] = 0
        features[:, 0, : features.shape[2] // 2] = 5.0
    coverage = torch.cat([coverage_of(slice(0, 32))] * 2)
    known = torch.ones(4, dtype=torch.bool)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.1)
    first = head.loss(maps, coverage, known).item()
    for _ in range(100):
        optimizer.zero_grad()
        head.loss(maps, coverage, known).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert head.loss(maps, coverage, known).item() < 0.1 * first


def test_photos_whose_cracks_nobody_drew_do_not_count() -> None:
    head, maps = make_head()
    known = torch.tensor([True, False])
    loss = head.loss(maps, coverage_of(slice(0, 8)), known)
    other = coverage_of(slice(0, 8))
    other[1] = 1.0
    assert torch.equal(head.loss(maps, other, known), loss)
    assert head.loss(maps, other, ~known).item() != loss.item()


def test_a_batch_with_no_mask_at_all_teaches_nothing() -> None:
    head, maps = make_head()
    assert head.loss(maps, coverage_of(slice(0, 8)), ~KNOWN).item() == 0.0


def test_a_hairline_counts_and_a_trace_does_not() -> None:
    head, maps = make_head()
    nothing = head.loss(maps, torch.zeros(2, 64, 64), KNOWN)
    for covered, is_crack in ((0.1, False), (0.3, True)):
        hairline = torch.zeros(2, 64, 64)
        hairline[:, 20] = covered
        assert (head.loss(maps, hairline, KNOWN).item() != nothing.item()) is is_crack


def test_a_backbone_without_such_stages_is_refused() -> None:
    backbone = SimpleNamespace(feature_info=[{"module": "stem", "num_chs": 8, "reduction": 4}])
    with pytest.raises(RecipeError, match="mask_loss needs a backbone with stages"):
        MaskHead(backbone)
