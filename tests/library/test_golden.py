"""Every scenario of the library comes out as it did.

`minsim regress NAME --baselines tests/golden --update` accepts a change.
"""

from pathlib import Path

import pytest

import minsim
from minsim import regression

GOLDEN = Path(__file__).parents[1] / "golden"


def test_every_scenario_has_a_golden_and_the_reverse():
    goldens = sorted(path.stem for path in GOLDEN.glob("*.yaml"))
    assert goldens == sorted(minsim.library()), "run: minsim regress NAME --baselines tests/golden --update"


@pytest.mark.slow
@pytest.mark.parametrize("name", minsim.library())
def test_library_scenario_comes_out_as_it_did(name):
    (verdict,) = regression.regress(regression.plan([name], GOLDEN))
    assert not verdict.drifts, "\n".join(["", *verdict.lines])
