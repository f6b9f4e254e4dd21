import math

import pytest
import torch

from crackscope.training.history import Tally

LABELS = torch.tensor([1.0, 0.0, 0.0])


def test_a_tally_counts_batches_to_the_weighted_mean_loss_and_the_share_of_hits() -> None:
    tally = Tally()
    tally.count(torch.tensor([0.0, 0.0]), LABELS[:2], torch.tensor([1.0, 1.0]))
    tally.count(torch.tensor([-math.log(3.0)]), LABELS[2:], torch.tensor([2.0]))
    # Logit 0 costs log 2, and counts as Positive; a score of 1/4 for a Negative costs log 4/3.
    assert tally.mean_loss == pytest.approx((2 * math.log(2) + 2 * math.log(4 / 3)) / 4)
    assert tally.accuracy == pytest.approx(2 / 3)


def test_tallies_of_two_equal_processes_add_up_to_the_same_means() -> None:
    tally = Tally()
    tally.count(torch.tensor([2.0, -1.0, 0.5]), LABELS, torch.tensor([1.0, 2.0, 0.5]))
    both = tally.reduced(lambda sums: sums * 2)
    assert both.photos == 6
    assert (both.mean_loss, both.accuracy) == pytest.approx((tally.mean_loss, tally.accuracy))
