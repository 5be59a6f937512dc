"""Worlds in Python, played by the real `cox`."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from coxswain import Store
from tests.conftest import WORLDS
from tests.model_server import model_server


def configure(folder: pathlib.Path, world: str, url: str, **policy: Any) -> None:
    """Writes c.yaml for one of the worlds."""
    (folder / "c.yaml").write_text(json.dumps({
        "environment": {"kind": "process", "command": [sys.executable, str(WORLDS), world]},
        "policy": {"kind": "openai", "url": url, "model": "m", "concurrency": 4, **policy},
        "steering": {"particles": 4, "temperature": 0.1, "answer": "sample"}}))


def call(cox: str, folder: pathlib.Path, *arguments: str) -> Any:
    """The JSON of a command that must not fail."""
    done = subprocess.run(
        [cox, *arguments, "--config", "c.yaml", "--json", "-", "--quiet"], cwd=folder, capture_output=True, text=True,
        timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


@pytest.mark.parametrize("world", ["Maze", "SnapshotMaze"])
def test_a_world_is_checked(cox: str, cox_revision: int, tmp_path: pathlib.Path, world: str) -> None:
    configure(tmp_path, world, "http://127.0.0.1:1/v1", format="plain")
    findings = {each["name"]: each for each in call(cox, tmp_path, "check-environment")}
    assert all(finding["verdict"] == "fine" for finding in findings.values()), findings
    if cox_revision >= 2 or world == "SnapshotMaze":
        assert "replay" not in findings["fork"]["detail"]


def test_a_world_is_steered(cox: str, tmp_path: pathlib.Path) -> None:
    with model_server() as url:
        configure(tmp_path, "Maze", url, format="plain")
        result = call(
            cox, tmp_path, "steer", "--method", "amc", "--critic", "constant", "--resample", "steps:2,4", "--tasks",
            "0..<3")
    assert result["tasks"] == 3 and result["failedAttempts"]["count"] == 0 and result["replayMismatches"] == 0
    steps = list(Store(tmp_path / ".coxswain" / "store.sqlite").rows("steps", run="last"))
    assert {step["action"] for step in steps} <= {"north", "south", "west", "east"}


@pytest.mark.parametrize("world", ["Tally", "Locked"])
def test_clones_of_a_world(cox: str, tmp_path: pathlib.Path, world: str) -> None:
    """An episode that cannot be copied after all is replayed."""
    with model_server() as url:
        configure(tmp_path, world, url, format="plain")
        result = call(cox, tmp_path, "steer", "--method", "amc", "--critic", "constant", "--resample", "steps:1,2,3")
    assert result["forks"] > 0 and result["failedAttempts"]["count"] == 0 and result["replayMismatches"] == 0


def test_a_world_of_tools_is_steered(cox: str, cox_revision: int, tmp_path: pathlib.Path) -> None:
    if cox_revision < 2:
        pytest.skip(f"cox speaks revision {cox_revision} of the process protocol; conversations need 2")
    with model_server() as url:
        configure(tmp_path, "Shop", url)
        result = call(cox, tmp_path, "steer", "--method", "best-of", "--particles", "6", "--split", "train")
    # A random model seldom fills the nested arguments right, but every attempt has its reward.
    assert result["tasks"] == 1 and result["policyCalls"] >= 6, result
    reasons = [each["example"] for each in result["failedAttempts"]["reasons"]]
    assert not reasons, reasons


def test_a_pending_reward_arrives(cox: str, cox_revision: int, tmp_path: pathlib.Path) -> None:
    if cox_revision < 2:
        pytest.skip(f"cox speaks revision {cox_revision} of the process protocol; conversations need 2")
    with model_server() as url:
        configure(tmp_path, "Talk", url)
        result = call(cox, tmp_path, "steer", "--method", "single", "--split", "test")
    # 0.1 at once; a text of one letter has 0.1 for its length, and 0.5 for its tone.
    assert result["rewardBest"]["mean"] == pytest.approx(0.7)
