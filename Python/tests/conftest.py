"""Programs that tests start: worlds, and the real `cox`."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parent.parent
REPOSITORY = PACKAGE.parent
WORLDS = pathlib.Path(__file__).with_name("worlds.py")

# Programs that are started see the package that is tested, installed or not.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PACKAGE), os.environ.get("PYTHONPATH")]))


class WorldProcess:
    """A world in a process of its own, asked as cox asks it."""

    def __init__(self, name: str, revision: int = 2) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(WORLDS), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True)
        self.number = 0
        self.revision = revision

    def send(self, op: str, **fields: Any) -> int:
        """Sends a question and returns its id."""
        assert self.process.stdin
        self.number += 1
        self.process.stdin.write(json.dumps({"id": self.number, "op": op, **fields}) + "\n")
        self.process.stdin.flush()
        return self.number

    def read(self) -> Any:
        """The next answer."""
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def ask(self, op: str, **fields: Any) -> Any:
        """The answer to a question, without its id."""
        number = self.send(op, **fields)
        answer = self.read()
        assert answer.pop("id") == number
        return answer

    def hello(self) -> Any:
        """Greets the world as a cox of the revision."""
        return self.ask("hello", protocol=1, **({"revision": self.revision} if self.revision > 1 else {}))

    def call(self, *calls: tuple[str, Any], text: str | None = None, episode: int = 1) -> Any:
        """A step with tool calls; arguments that are a text are no JSON object."""
        made = [
            {"id": f"c{number}", "name": name, "arguments": None if isinstance(arguments, str) else arguments}
            for number, (name, arguments) in enumerate(calls)
        ]
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if made:
            message["tool_calls"] = [
                {"id": each["id"], "type": "function",
                 "function": {"name": each["name"], "arguments": json.dumps(each["arguments"])}} for each in made
            ]
        return self.ask("step", episode=episode, action=text or "", parsed=True, answer=message, calls=made)

    def end(self) -> str:
        """Ends the world and returns what it wrote to standard error."""
        _, errors = self.process.communicate(timeout=10)
        assert self.process.returncode == 0, errors
        return errors


@pytest.fixture
def play() -> Iterator[Callable[..., WorldProcess]]:
    """Starts worlds, which end with the test."""
    started: list[WorldProcess] = []

    def start(name: str, revision: int = 2) -> WorldProcess:
        started.append(WorldProcess(name, revision))
        return started[-1]

    yield start
    for world in started:
        world.process.kill()
        world.process.communicate()


@pytest.fixture(scope="session")
def cox() -> str:
    """The real command; the test is skipped if it was not built."""
    candidates = [os.environ.get("COXSWAIN_COX"), shutil.which("cox")]
    candidates += [str(REPOSITORY / ".build" / kind / "cox") for kind in ("release", "debug")]
    found = next((path for path in candidates if path and os.access(path, os.X_OK)), None)
    if found is None:
        pytest.skip("no cox: build it, or name it in COXSWAIN_COX")
    return found


@pytest.fixture(scope="session")
def cox_revision(cox: str, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The revision of the process protocol that cox speaks, as its hello says."""
    folder = tmp_path_factory.mktemp("revision")
    program = folder / "listen.py"
    program.write_text(
        "import sys\nline = sys.stdin.readline()\nopen(sys.argv[1], 'w').write(line)\n")
    (folder / "c.yaml").write_text(
        f"environment: {{ kind: process, command: [{sys.executable}, {program}, {folder}/hello] }}\n"
        "policy: { kind: openai, url: 'http://127.0.0.1:1/v1', model: m }\n")
    subprocess.run(
        [cox, "check-environment", "--config", str(folder / "c.yaml")], cwd=folder, capture_output=True, timeout=60)
    return int(json.loads((folder / "hello").read_text()).get("revision", 1))
