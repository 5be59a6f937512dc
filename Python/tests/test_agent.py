"""Helpers for agents: under cox, as cox sets their variables, and outside."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from coxswain import agent
from tests.model_server import model_server

VARIABLES = ("COX_TASK", "COX_ATTEMPT", "COX_SEED", "COX_REPLAYED_CALLS", "COX_RECORD", "OPENAI_BASE_URL")


@pytest.fixture(autouse=True)
def outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variables of cox, and a start of the program without calls."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    restart(monkeypatch)


def restart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program starts again."""
    monkeypatch.setattr(agent, "_record", agent._Record())


class Gateway:
    """The gateway's side of the question that `replayed` and `recorded` ask."""

    def __init__(self) -> None:
        self.told: dict[str, Any] | None = {"answered": 0, "past": ""}
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *arguments: Any) -> None:
                pass

            def do_GET(self) -> None:
                known = self.path == "/v1/coxswain/attempt" and self.headers["Authorization"] == "Bearer cox-key"
                self.send_response(200 if known and gateway.told else 404)
                self.end_headers()
                self.wfile.write(json.dumps(gateway.told).encode())

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A gateway, and the variables that lead to it."""
    found = Gateway()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{found.server.server_port}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "cox-key")
    monkeypatch.setenv("COX_ATTEMPT", "a")
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_outside_of_cox(capsys: pytest.CaptureFixture[str]) -> None:
    assert agent.task() == {} and agent.task({"input": "x"}) == {"input": "x"}
    assert agent.attempt() == "" and agent.seed() == 0 and agent.seed(5) == 5
    assert agent.replayed_calls() == 0 and agent.replayed() is False
    assert agent.recorded(lambda x: (x, object()))(1)[0] == 1
    agent.reward(1)
    assert json.loads(capsys.readouterr().out) == {"reward": 1.0}


def test_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COX_TASK", '{"id": "t", "input": "x"}')
    monkeypatch.setenv("COX_ATTEMPT", "a-1")
    monkeypatch.setenv("COX_SEED", "17")
    monkeypatch.setenv("COX_REPLAYED_CALLS", "3")
    assert agent.task({"id": "other"}) == {"id": "t", "input": "x"}
    assert (agent.attempt(), agent.seed(5), agent.replayed_calls()) == ("a-1", 17, 3)


def test_rewards_stand_on_lines_of_their_own() -> None:
    program = """if True:
        import contextlib, io
        from coxswain import agent
        print("no line feed", end="")
        agent.reward(0.25, partial=True)
        with contextlib.redirect_stdout(io.StringIO()):
            agent.reward(1)
    """
    said = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"COX_ATTEMPT": "a"}, capture_output=True, text=True,
        check=True)
    assert said.stdout.split("\n") == [
        "no line feed", '{"reward": 0.25, "partial": true}', "", '{"reward": 1.0}', ""]
    with pytest.raises(ValueError, match="no finite number"):
        agent.reward(float("nan"))


def test_replayed(monkeypatch: pytest.MonkeyPatch, gateway: Gateway) -> None:
    assert agent.replayed() is False
    monkeypatch.setenv("COX_REPLAYED_CALLS", "2")
    found = []
    for answered in range(4):
        gateway.told = {"answered": answered, "past": str(answered)}
        found.append(agent.replayed())
    # What follows on the second answer has run before, too: the third question was asked after it.
    assert found == [True, True, True, False]
    gateway.told = None
    with pytest.raises(RuntimeError, match="does not tell"):
        agent.replayed()


# MARK: recorded


def test_a_replay_gets_what_the_first_run_got(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("COX_RECORD", str(tmp_path))
    monkeypatch.setenv("COX_TASK", '{"id": "t"}')
    runs: list[int] = []

    @agent.recorded
    def draw(number: int, scale: int = 1) -> Any:
        """A lot."""
        runs.append(number)
        return number * scale, len(runs)

    assert draw.__name__ == "draw" and draw.__doc__ == "A lot."
    assert [draw(1), draw(1), draw(2, scale=3)] == [[1, 1], [1, 2], [6, 3]]
    restart(monkeypatch)
    assert [draw(number=1), draw(1, 1), draw(2, 3)] == [[1, 1], [1, 2], [6, 3]] and len(runs) == 3
    assert agent._record.was_found
    # A clone that parts from there calls for itself, and so does whoever comes to the same call by another way.
    assert draw(5) == [5, 4]
    restart(monkeypatch)
    assert draw(2, 3) == [6, 5] and not agent._record.was_found
    # Another task shares nothing.
    monkeypatch.setenv("COX_TASK", '{"id": "u"}')
    restart(monkeypatch)
    assert draw(1) == [1, 6]
    files = [json.loads(path.read_text()) for path in tmp_path.rglob("*.json")]
    assert {"tool": draw.__qualname__, "arguments": {"number": 2, "scale": 3}, "result": [6, 3]} in files


def test_the_model_s_answers_tell_attempts_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, gateway: Gateway
) -> None:
    monkeypatch.setenv("COX_RECORD", str(tmp_path))
    runs: list[str] = []

    @agent.recorded
    def search(words: str) -> int:
        runs.append(words)
        return len(runs)

    gateway.told = {"answered": 1, "past": "d1"}
    assert [search("a"), search("b"), search("a")] == [1, 2, 3]
    restart(monkeypatch)
    # In any order, since tools may run at the same time.
    assert [search("b"), search("a"), search("a")] == [2, 1, 3]
    gateway.told = {"answered": 1, "past": "d2"}
    restart(monkeypatch)
    assert search("a") == 4
    monkeypatch.setenv("COX_REPLAYED_CALLS", "1")
    gateway.told = None
    assert agent.replayed() is False
    restart(monkeypatch)
    search("a")
    restart(monkeypatch)
    search("a")
    assert agent.replayed() is True


def test_what_cannot_be_recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("COX_RECORD", str(tmp_path))
    runs: list[Any] = []

    @agent.recorded
    def tool(value: Any) -> Any:
        runs.append(value)
        if value == "raise":
            raise OSError("gone")
        return value

    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            tool("raise")
    assert runs == ["raise", "raise"]
    with pytest.raises(TypeError, match="arguments of .*tool cannot be recorded"):
        tool(object())
    with pytest.raises(TypeError, match="result of .*tool cannot be recorded"):
        tool(float("nan"))
    with pytest.raises(TypeError, match="one by one"):
        agent.recorded(lambda: (yield 1))
    # A process that was killed while it wrote has left half a result.
    restart(monkeypatch)
    assert tool(1) == 1
    for path in tmp_path.rglob("*.json"):
        path.write_bytes(path.read_bytes()[:-3])
    restart(monkeypatch)
    assert tool(1) == 1 and runs[-2:] == [1, 1]


def test_methods_and_coroutines(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("COX_RECORD", str(tmp_path))
    runs: list[int] = []

    class Tools:
        @agent.recorded
        async def wait(self, number: int) -> int:
            await asyncio.sleep(0.01)
            runs.append(number)
            return number

    async def all_at_once() -> list[int]:
        return list(await asyncio.gather(*(Tools().wait(number) for number in (1, 2, 3))))

    assert asyncio.run(all_at_once()) == [1, 2, 3] and sorted(runs) == [1, 2, 3]


def test_processes_at_the_same_call_run_it_once(tmp_path: pathlib.Path) -> None:
    program = """if True:
        import os, time
        from coxswain import agent

        @agent.recorded
        def slow():
            time.sleep(0.5)
            open(os.environ["RUNS"], "a").write("x")
            return os.getpid()

        print(slow())
    """
    variables = os.environ | {"COX_RECORD": str(tmp_path / "record"), "RUNS": str(tmp_path / "runs")}
    started = [
        subprocess.Popen([sys.executable, "-c", program], env=variables, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    results = {process.communicate()[0] for process in started}
    assert len(results) == 1 and (tmp_path / "runs").read_text() == "x"


# MARK: With cox


@pytest.mark.parametrize("kind", ["recorded", "plain"])
def test_clones_of_an_agent(cox: str, tmp_path: pathlib.Path, kind: str) -> None:
    """Clones replay a tool that never gives the same twice. Without a record they diverge."""
    lots = tmp_path / "lots"
    tasks = [{"id": f"t{number}", "split": "test", "input": f"A number, please ({number})."} for number in range(2)]
    (tmp_path / "tasks.jsonl").write_text("\n".join(json.dumps(task) for task in tasks))
    (tmp_path / "record").mkdir()
    program = str(pathlib.Path(__file__).with_name("agent_program.py"))
    with model_server() as url:
        (tmp_path / "c.yaml").write_text(json.dumps({
            "environment": {
                "kind": "agent", "command": [sys.executable, program, kind], "tasks": "tasks.jsonl",
                # An older cox sets no COX_RECORD itself.
                "variables": ["LOTS", "COX_RECORD"]},
            "policy": {"kind": "openai", "url": url, "model": "m", "concurrency": 4},
            "steering": {"particles": 4, "temperature": 0.05, "answer": "sample", "divergence": "drop"}}))
        done = subprocess.run(
            [cox, "steer", "--config", "c.yaml", "--method", "amc", "--critic", "constant", "--resample", "steps:1,2",
             "--json", "-", "--quiet"],
            cwd=tmp_path, env=os.environ | {"LOTS": str(lots), "COX_RECORD": str(tmp_path / "record")},
            capture_output=True, text=True, timeout=120)
    result = json.loads(done.stdout)
    assert result["forks"] > 0
    if kind == "recorded":
        assert result["failedAttempts"]["count"] == 0 and result["replayMismatches"] == 0, done.stderr
        assert len(lots.read_text().splitlines()) <= result["policyCalls"]
    else:
        assert result["failedAttempts"]["count"] > 0 and "Lot " in done.stdout
