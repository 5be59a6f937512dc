"""Plays cox's side of the process protocol, revision 2, for the tests of the wrappers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PYTHON = Path(__file__).resolve().parents[1]
REPOSITORY = PYTHON.parent


def environment(**more: str) -> dict[str, str]:
    """The environment of a program that imports coxswain from this folder."""
    path = os.pathsep.join(filter(None, [str(PYTHON), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, **more}


class Cox:
    """Starts a world and asks it questions.

    Args:
        command: Arguments of python, such as `-m`, `coxswain.worlds.gymnasium`, `FrozenLake-v1`.
    """

    def __init__(self, *command: str, revision: int = 2, **variables: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=environment(**variables))
        self.count = 0
        self.hello = self.ask(op="hello", protocol=1, **({"revision": revision} if revision > 1 else {}))
        self.tasks: dict[str, list[str]] = self.hello.get("tasks", {})

    def __enter__(self) -> Cox:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate(timeout=60)
        assert self.process.returncode == 0

    def ask(self, **question: Any) -> dict[str, Any]:
        """Asks one question. A world must write nothing but its answer."""
        assert self.process.stdin and self.process.stdout and self.process.stderr
        self.count += 1
        self.process.stdin.write(json.dumps({"id": self.count, **question}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"The world has ended: {self.process.stderr.read()[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        assert answer.pop("id") == self.count
        return answer

    def reset(self, episode: int, task: str, seed: int = 7) -> dict[str, Any]:
        """Opens an episode."""
        return self.ask(op="reset", episode=episode, task=task, seed=seed)

    def step(self, episode: int, action: str) -> dict[str, Any]:
        """An action in words."""
        return self.ask(op="step", episode=episode, action=action, parsed=True)

    def say(self, episode: int, text: str | None = None, *calls: tuple[str, Any]) -> dict[str, Any]:
        """An answer in a conversation: a text and tool calls, whose arguments are a dictionary or any text."""
        written = [(name, given if isinstance(given, str) else json.dumps(given)) for name, given in calls]
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if calls:
            message["tool_calls"] = [
                {"id": f"call-{place}", "type": "function", "function": {"name": name, "arguments": arguments}}
                for place, (name, arguments) in enumerate(written)]
        parsed = [{"id": f"call-{place}", "name": name, "arguments": given if isinstance(given, dict) else None}
                  for place, (name, given) in enumerate(calls)]
        words = "\n".join([text or "", *(f"<tool_call>{arguments}</tool_call>" for _, arguments in written)]).strip()
        return self.ask(op="step", episode=episode, action=words, answer=message, parsed=True,
                        **({"calls": parsed} if calls else {}))

    def play(self, episode: int, task: str, actions: list[str]) -> list[dict[str, Any]]:
        """All answers of an episode: of its reset, and of its steps until it ends."""
        answers = [self.reset(episode, task)]
        for action in actions:
            answers.append(self.step(episode, action))
            if answers[-1].get("done"):
                break
        return answers


def check_course(cox: Cox, task: str, actions: list[str]) -> None:
    """The same actions have the same answers: again, between the steps of another episode, and in a fork."""
    course = cox.play(1, task, actions)
    assert all("error" not in answer for answer in course), course
    assert cox.play(2, task, actions) == course
    other = cox.tasks["train"][-1]
    cox.reset(3, other)
    assert cox.reset(4, task) == course[0]
    for place, (action, answer) in enumerate(zip(actions, course[1:])):
        if place == len(course) // 2:
            assert cox.ask(op="fork", episode=4, copy=5, task=task) == {}
        if cox.step(3, actions[-1]).get("done"):
            cox.reset(3, other)
        assert cox.step(4, action) == answer
    for action, answer in list(zip(actions, course[1:]))[len(course) // 2:]:
        assert cox.step(5, action) == answer
    assert cox.ask(op="close", episode=1) == {}


def check_splits(cox: Cox, **counts: int) -> None:
    """The splits have as many tasks as were asked for, all different."""
    assert {split: len(tasks) for split, tasks in cox.tasks.items()} == counts
    names = [name for tasks in cox.tasks.values() for name in tasks]
    assert len(set(names)) == len(names)


def refusal(*command: str, **variables: str) -> str:
    """What a world says that cannot be played: it ends at once, or refuses hello."""
    process = subprocess.run(
        [sys.executable, *command], input='{"id": 1, "op": "hello", "protocol": 1, "revision": 2}\n', text=True,
        capture_output=True, env=environment(**variables), timeout=120)
    if not process.stdout:
        assert process.returncode == 1 and "Traceback" not in process.stderr, process.stderr
        return process.stderr
    return str(json.loads(process.stdout)["error"])


def check_with_cox(folder: Path, *command: str, **variables: str) -> str:
    """`cox check-environment` finds nothing wrong. Returns what it prints."""
    cox = Path(os.environ.get("COXSWAIN_COX", REPOSITORY / ".build" / "debug" / "cox"))
    if not cox.exists():
        pytest.skip(f"there is no {cox}; set COXSWAIN_COX")
    configuration = {
        "policy": {"kind": "local"},
        "environment": {"kind": "process", "command": [sys.executable, *command], "variables": sorted(variables)}}
    file = folder / "c.yaml"
    file.write_text(json.dumps(configuration))
    done = subprocess.run(
        [str(cox), "check-environment", "--config", str(file), "--store", str(folder / "store.sqlite")],
        capture_output=True, text=True, env=environment(**variables), timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\nwrong" not in done.stdout, done.stdout
    return done.stdout
