from __future__ import annotations

import pytest

from crackscope.training.processes import is_follower


@pytest.mark.parametrize(
    ("environment", "follows"),
    [
        ({}, False),
        ({"LOCAL_RANK": "0", "NODE_RANK": "0"}, False),
        ({"LOCAL_RANK": "1", "NODE_RANK": "0"}, True),
        ({"LOCAL_RANK": "0", "NODE_RANK": "1"}, True),
        ({"RANK": "3", "LOCAL_RANK": "0"}, True),
        ({"SLURM_PROCID": "0"}, False),
        ({"SLURM_PROCID": "2"}, True),
    ],
)
def test_only_the_first_process_leads(environment: dict[str, str], follows: bool) -> None:
    assert is_follower(environment) is follows
