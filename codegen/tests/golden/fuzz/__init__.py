"""Cases with random shapes and attributes, which only a seed determines.

Each module registers makers of cases for a family of ops; `draw` goes round them, so that a file with a case
for each maker has a case for each op.
"""

import numpy as np

from . import contractions, elementwise, folds, indexed, networks, randomness, regions, spectra, views, windows
from .drawing import MAKERS

__all__ = ["draw"]


def draw(count, seed):
    rng = np.random.default_rng(seed)
    return [MAKERS[i % len(MAKERS)](rng) for i in range(count)]
