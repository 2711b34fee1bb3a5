"""The code keeps to its limits of size, complexity and documentation."""

import importlib.util
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def code_shape():
    spec = importlib.util.spec_from_file_location("code_shape", TREE / "tools" / "code_shape.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


def test_the_package_keeps_its_limits(code_shape):
    assert code_shape.offenders(code_shape.measure(TREE / "minsim")) == []


def test_what_breaks_a_limit_is_named(code_shape, tmp_path):
    branches = "\n".join(f"    if x == {k}:\n        return {k}" for k in range(16))
    (tmp_path / "tangled.py").write_text(f"def f(x):\n{branches}\n" + "\n" * 500, "utf-8")
    assert code_shape.offenders(code_shape.measure(tmp_path)) == [
        "tangled.py: 533 lines",
        "tangled.py:1 f: complexity 17",
        "tangled.py:1 f: no docstring",
        "bodies: 95% have at most 32 lines",
    ]
