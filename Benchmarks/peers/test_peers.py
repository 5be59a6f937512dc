"""Tests of peers.py against fake_bridge.py: python -m pytest test_peers.py"""

import json
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

for package in ("numpy", "its_hub", "treequest"):
    pytest.importorskip(package)

import peers

HERE = Path(__file__).parent
FAKE = [sys.executable, str(HERE / "fake_bridge.py")]
# A bridge with one task, whose attempts end after two of at most six steps with half of the maximum reward.
SHORT = """
import json, sys
calls, steps = 0, {0: 0}
for line in sys.stdin:
    request = json.loads(line)
    if request["op"] == "tasks":
        answer = {"name": "short", "tasks": ["t0"], "stepLimit": 6, "maximum": 2.0}
    elif request["op"] == "open":
        answer = {"state": 0, "step": 0, "reward": 0.0, "value": 0.5, "done": False}
    elif request["op"] == "calls":
        answer = {"calls": calls}
    elif request["op"] == "run":
        answer = {"method": request["method"], "rewardBest": [1.5], "calls": request["calls"] - 1}
    else:
        answer = {"children": []}
        for state in request["states"]:
            assert steps[state] < 2, "asked to extend a finished attempt"
            calls += 1
            steps[calls] = steps[state] + 1
            done = steps[calls] == 2
            answer["children"].append({"state": calls, "step": steps[calls], "reward": 1.0 if done else 0.0,
                                       "value": 0.5, "done": done})
    print(json.dumps(answer), flush=True)
"""
SHORT_BRIDGE = [sys.executable, "-c", SHORT]


@pytest.fixture
def bridge() -> Iterator[peers.Bridge]:
    with peers.Bridge(FAKE) as bridge:
        yield bridge


@pytest.mark.parametrize("method", peers.PEERS)
def test_calls_and_rewards(bridge: peers.Bridge, method: str) -> None:
    tasks = peers.Tasks.of(bridge)
    result = peers.run_peer(bridge, tasks, tasks.tasks[:3], method, calls=30, seed=0)
    assert sum(result.calls) == bridge.calls() > 0
    assert max(result.calls) <= 30
    assert all(0 <= answer <= best <= 1 for answer, best in zip(result.answers, result.best, strict=True))
    assert all(best == 0 for best, finished in zip(result.best, result.finished) if not finished)


@pytest.mark.parametrize(
    ("method", "calls"), [("its-particles", 24), ("its-beam", 24), ("tq-ab", 30), ("tq-ab-whole", 24)]
)
def test_calls_of_each_peer(bridge: peers.Bridge, method: str, calls: int) -> None:
    tasks = peers.Tasks.of(bridge)
    assert peers.run_peer(bridge, tasks, tasks.tasks[:2], method, calls=30, seed=0).calls == [calls, calls]


@pytest.mark.parametrize("method", peers.PEERS)
def test_attempts_that_end_early(method: str) -> None:
    with peers.Bridge(SHORT_BRIDGE) as bridge:
        tasks = peers.Tasks.of(bridge)
        once = peers.run_peer(bridge, tasks, ["t0"], method, calls=40, seed=0)
        refilled = peers.run_peer(bridge, tasks, ["t0"], method, calls=40, seed=0, refill=True)
    assert once.best == refilled.best == [1.0]
    assert once.calls[0] <= refilled.calls[0] and 40 - 6 < refilled.calls[0] <= 40


def test_same_seed_same_result(tmp_path: Path) -> None:
    reports = []
    for name in ("one", "two"):
        file = tmp_path / name
        arguments = ["--calls", "24", "--tasks", "3", "--methods", ",".join(peers.PEERS), "--json", str(file)]
        peers.main([*arguments, "--", *FAKE])
        report = json.loads(file.read_text())
        for result in report["results"]:
            del result["seconds"]
        reports.append(report)
    assert reports[0] == reports[1]
    assert [result["method"] for result in reports[0]["results"]] == list(peers.PEERS)


def test_the_critic_helps(bridge: peers.Bridge) -> None:
    tasks = peers.Tasks.of(bridge)
    particles = peers.run_peer(bridge, tasks, tasks.tasks, "its-particles", calls=96, seed=0)
    samples = peers.run_peer(bridge, tasks, tasks.tasks, "tq-mcts-whole", calls=12, seed=0)
    assert statistics.mean(particles.answers) > 0.5
    assert 0.2 < statistics.mean(samples.best) < 0.4


def test_host_methods(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    peers.main(["--methods", "host-amc", "--", *FAKE])
    assert "host-amc did not run: not here" in capsys.readouterr().out
    file = tmp_path / "report"
    peers.main(["--methods", "host-amc", "--calls", "9", "--json", str(file), "--", *SHORT_BRIDGE])
    result = json.loads(file.read_text())["results"][0]
    assert (result["rewardBest"], result["reward"], result["meanCalls"]) == ([1.5], 1.5, 8)
    assert result["rewardError"] is None


def test_beam_sizes() -> None:
    for calls in (12, 40, 48, 96, 480):
        width, copies = peers.beam_sizes(calls, 12)
        assert 0.85 * calls <= peers.beam_calls(width, copies, 12) <= calls
    assert peers.beam_sizes(48, 12) == (2, 2)
    assert peers.beam_sizes(3, 12) == (1, 1)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["no-such-program"], "cannot start the bridge"),
        ([sys.executable, "-c", "pass"], "the bridge ended"),
        ([sys.executable, "-c", "print('hello')"], "no JSON object"),
        ([sys.executable, "-c", "print('{}')"], "lacks tasks"),
    ],
)
def test_a_broken_bridge(command: list[str], message: str) -> None:
    with pytest.raises(SystemExit, match=message):
        peers.main(["--", *command])
