"""The examples of Documentation/python.md run as they are."""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.model_server import model_server

PAGE = REPOSITORY / "Documentation" / "python.md"
FILE = re.compile(r"# (\w+\.py)\n")


def blocks() -> list[str]:
    """The blocks of Python, in their order."""
    return re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """A folder with the programs of the page."""
    if not PAGE.exists():
        pytest.skip("the package stands without its repository")
    for block in blocks():
        if name := FILE.match(block):
            (tmp_path / name.group(1)).write_text(block)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(folder: pathlib.Path, environment: dict[str, Any], url: str, **policy: Any) -> str:
    """Writes a configuration."""
    (folder / "c.yaml").write_text(json.dumps({
        "environment": environment,
        "policy": {"kind": "openai", "url": url, "model": "m", "concurrency": 4, **policy}}))
    return "c.yaml"


def test_commands_and_store(cox: str, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch,
                            capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pandas")
    monkeypatch.setenv("COXSWAIN_COX", cox)
    code = [block for block in blocks() if not FILE.match(block)]
    assert len(code) == 2
    with model_server() as url:
        configure(folder, {"kind": "process", "command": [sys.executable, "guess.py"]}, url, format="plain")
        for block in code:
            exec(compile(block, str(PAGE), "exec"), {})
    said = capsys.readouterr().out
    # Two tasks four times; then what the store knows of it.
    assert said.startswith("8\n") and "assistant" in said and "Guess a digit." in said


@pytest.mark.parametrize("program", ["guess.py", "door.py"])
def test_worlds(cox: str, folder: pathlib.Path, program: str) -> None:
    configure(folder, {"kind": "process", "command": [sys.executable, program]}, "http://127.0.0.1:1/v1")
    actions = ["--action", "5", "--action", "6"] if program == "guess.py" else []
    checked = subprocess.run(
        [cox, "check-environment", "--config", "c.yaml", *actions], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0 and "WRONG" not in checked.stdout, checked.stdout + checked.stderr


def test_a_world_of_tools(cox: str, cox_revision: int, folder: pathlib.Path) -> None:
    if cox_revision < 2:
        pytest.skip(f"cox speaks revision {cox_revision} of the process protocol; conversations need 2")
    with model_server() as url:
        file = configure(folder, {"kind": "process", "command": [sys.executable, "shop.py"]}, url)
        steered = subprocess.run(
            [cox, "steer", "--config", file, "--method", "best-of", "--particles", "3", "--json", "-", "--quiet"],
            capture_output=True, text=True, timeout=60)
    assert steered.returncode == 0, steered.stderr
    result = json.loads(steered.stdout)
    assert result["failedAttempts"]["count"] == 0 and result["policyCalls"] > 0


def test_an_agent(cox: str, folder: pathlib.Path) -> None:
    if importlib.util.find_spec("openai") is None:
        pytest.skip("the example asks its model with the package openai")
    (folder / "tasks.jsonl").write_text('{"id": "t", "split": "test", "input": "How many?", "answer": "4"}\n')
    with model_server() as url:
        command = [sys.executable, str(folder / "my_agent.py")]
        environment = {"kind": "agent", "command": command, "tasks": "tasks.jsonl"}
        file = configure(folder, environment, url)
        checked = subprocess.run(
            [cox, "check-environment", "--config", file], capture_output=True, text=True, timeout=120)
        assert checked.returncode == 0 and "2 model calls" in checked.stdout, checked.stdout + checked.stderr
        # Outside of cox it is an ordinary program.
        alone = subprocess.run(
            [sys.executable, "my_agent.py"], env=os.environ | {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "none"},
            capture_output=True, text=True, timeout=60, check=True)
    assert set(json.loads(alone.stdout)) == {"reward"}
