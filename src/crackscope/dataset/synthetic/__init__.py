"""Procedural concrete, cracks with exact masks, and what is mistaken for cracks.

`paint_crack` and `paint_distractor` work on any photo, real or made by `make_concrete`; `write` puts a whole
data set on disk. Everything is a function of its input and a generator: the same seed gives the same pixels.
"""

from crackscope.dataset.synthetic.concrete import Aggregate, make_concrete, photograph
from crackscope.dataset.synthetic.cracks import CrackKind, CrackOptions, CrackTone, Painted, paint_crack
from crackscope.dataset.synthetic.distractors import DistractorKind, paint_distractor
from crackscope.dataset.synthetic.scenes import Scene, make_patch, make_photo
from crackscope.dataset.synthetic.walls import WallKind, dress_wall
from crackscope.dataset.synthetic.write import SyntheticPlan, write_synthetic_dataset

__all__ = [
    "Aggregate",
    "CrackKind",
    "CrackOptions",
    "CrackTone",
    "DistractorKind",
    "Painted",
    "Scene",
    "SyntheticPlan",
    "WallKind",
    "dress_wall",
    "make_concrete",
    "make_patch",
    "make_photo",
    "paint_crack",
    "paint_distractor",
    "photograph",
    "write_synthetic_dataset",
]
