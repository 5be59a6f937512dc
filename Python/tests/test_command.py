"""`coxswain.run`, with the real `cox`, and with programs that stand in for it where it cannot be made to do
something."""

from __future__ import annotations

import json
import math
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

import coxswain
from coxswain import command
from tests.model_server import model_server
from tests.test_store import ORDERS


@pytest.fixture
def orders(cox: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A configuration of the order desk, in a folder of its own."""
    monkeypatch.setenv("COXSWAIN_COX", cox)
    monkeypatch.chdir(tmp_path)
    with model_server() as url:
        policy = {"kind": "openai", "url": url, "model": "m", "format": "plain", "maxTokens": 8, "concurrency": 4}
        yield {**ORDERS, "policy": policy}


def test_steer_and_compare(orders: dict[str, Any], capfd: pytest.CaptureFixture[str]) -> None:
    result = coxswain.run("steer", config=orders, method="best-of", particles=3)
    assert (result.method, result.tasks, result.particles, result.policy_calls) == ("best-of", 2, 3, 30)
    assert 0 < result.reward_mean.mean <= result.reward_best.mean <= 1 and result.reward_mean.se >= 0
    assert result.selected_by == "chance" and result.stopped is None and result.failed_attempts == 0
    assert [task.policy_calls for task in result.per_task] == [15, 15]
    assert result.per_task[0].reward_best == result.raw["perTask"][0]["rewardBest"]
    assert result.solved_best is not None and "±" in str(result.reward_best)
    for task, row in zip(result.per_task, result.raw["perTask"], strict=True):
        assert task.answer == row["answer"] and task.answer and task.selected_by == "sample"
        assert task.answer_kind == "action" and task.answer_reward is not None and task.no_answer is None
        assert task.messages and task.messages[-1]["role"] == "assistant"
    with pytest.raises(ValueError, match="2 tasks"):
        _ = result.answer
    alone = coxswain.run("steer", config=orders, method="best-of", particles=3, tasks=range(0, 1), progress=False)
    assert alone.answer == result.per_task[0].answer
    assert "best-of × 3" in capfd.readouterr().err
    pieces: list[str] = []
    comparison = coxswain.run(
        "compare", config=orders, methods=["single", "best-of", "amc"], critic="constant", particles=[2, 3],
        progress=pieces.append)
    assert [method.method for method in comparison.methods][0] == "single"
    assert comparison.method("best-of", particles=3).policy_calls > comparison.method("single").policy_calls
    answers = [task.answer for method in comparison.methods for task in method.per_task]
    assert all(answers) and all(task.messages is None for task in comparison.methods[0].per_task)
    difference = comparison.differences[0]
    assert (difference.method, difference.tasks) == ("amc", 2) and difference.against in ("single", "best-of")
    assert not math.isnan(difference.reward_mean.mean)
    assert "best-of" in "".join(pieces) and capfd.readouterr().err == ""
    with pytest.raises(KeyError, match="no row beam"):
        comparison.method("beam")


def test_other_verbs(orders: dict[str, Any]) -> None:
    file = pathlib.Path("c.yaml")
    file.write_text(json.dumps(orders))
    collected = coxswain.run("collect", config=file, rollouts=2, tasks=range(0, 2), progress=False)
    assert collected.raw["trajectories"] == 4
    run = coxswain.run("show", progress=False).raw[0]["run"]
    assert len(coxswain.run("show", run, progress=False).raw) == 2
    assert coxswain.run("doctor", config=file, progress=False).raw


def test_a_limit_is_no_error(orders: dict[str, Any]) -> None:
    stopped = coxswain.run("steer", config=orders, method="best-of", particles=3, limit_calls=7, progress=False)
    assert stopped.stopped and "limits.calls" in stopped.stopped and stopped.policy_calls == 7
    whole = coxswain.run("steer", config=orders, method="best-of", particles=3, progress=False)
    assert whole.stopped is None and whole.raw["storedCalls"] == 7


def test_errors(orders: dict[str, Any], tmp_path: pathlib.Path) -> None:
    with pytest.raises(coxswain.UsageError, match="Did you mean '--method'") as usage:
        coxswain.run("steer", config=orders, metod="x", progress=False)
    assert usage.value.status == 2 and usage.value.stderr.startswith("Error: ")
    with pytest.raises(coxswain.UsageError, match="environment.kind"):
        coxswain.run("steer", config={"environment": {"kind": "ordrs"}}, progress=False)
    gone = {**orders, "policy": {**orders["policy"], "apiKeyVariable": "NO_SUCH_KEY"}}
    with pytest.raises(coxswain.CoxError, match="NO_SUCH_KEY"):
        coxswain.run("steer", config=gone, method="single", progress=False)
    broken = {**orders, "environment": {"kind": "process", "command": ["false"]}}
    with pytest.raises(coxswain.CoxError) as failed:
        coxswain.run("steer", config=broken, method="single", progress=False)
    assert failed.value.status not in (0, 3) and "false" in str(failed.value)


# MARK: Without cox


def program(folder: pathlib.Path, body: str) -> str:
    """A program in the place of cox."""
    path = folder / "cox"
    path.write_text(f"#!{sys.executable}\n{body}")
    path.chmod(0o755)
    return str(path)


def test_options(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COXSWAIN_COX", program(tmp_path, "import sys, json\nprint(json.dumps(sys.argv[1:]))"))
    result = coxswain.run(
        "verb", "argument", config="c.yaml", command=["python", "a.py", "--task", "{task}"], cwd=tmp_path,
        limit_calls=7, quiet=True, no_verifier=True, verifier=None, expert=False, tasks=range(2, 5),
        methods=("single", "amc"),
        resample=["none", "ess:0.5"], store=tmp_path / "s.sqlite", beta=-0.5)
    assert result.raw == [
        "verb", "argument", "--config", os.path.abspath("c.yaml"), "--limit-calls=7", "--quiet", "--no-verifier",
        "--tasks=2..<5", "--methods=single,amc", "--resample=none", "--resample=ess:0.5",
        f"--store={tmp_path}/s.sqlite", "--beta=-0.5", "--json", "-", "--", "python", "a.py", "--task", "{task}",
    ]
    with pytest.raises(TypeError, match="json="):
        coxswain.run("verb", json="x.json")


def test_an_answer_that_is_missing() -> None:
    row = {"task": "t", "policyCalls": 2, "cost": 0, "answer": None, "selectedBy": None, "noAnswer": "All failed."}
    result = command._method({"method": "best-of", "perTask": [row]})
    assert result.answer is None and result.per_task[0].selected_by is None
    assert result.per_task[0].no_answer == "All failed."


def test_results_with_gaps() -> None:
    result = command._method({"method": "frontier", "softValue": {"mean": None, "se": None}, "failedAttempts": {}})
    assert math.isnan(result.soft_value.mean) and math.isnan(result.reward_best.mean) and result.solved_best is None


def test_a_text_is_a_result(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COXSWAIN_COX", program(tmp_path, "print('cox 0.1.0')"))
    assert coxswain.run("version").raw == "cox 0.1.0\n"


def test_an_interrupt_is_passed_on(tmp_path: pathlib.Path) -> None:
    """Once, although a terminal would send it to both."""
    cox = program(tmp_path, """
import signal, sys, time
count = 0
def stop(*_):
    global count
    count += 1
signal.signal(signal.SIGINT, stop)
print("ready", file=sys.stderr, flush=True)
while not count:
    time.sleep(0.01)
time.sleep(0.3)
open("interrupts", "w").write(str(count))
""")
    caller = subprocess.Popen(
        [sys.executable, "-c", "import coxswain; coxswain.run('steer')"], cwd=tmp_path,
        env=os.environ | {"COXSWAIN_COX": cox}, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert caller.stderr and caller.stderr.readline() == "ready\n"
    os.killpg(caller.pid, signal.SIGINT)
    _, errors = caller.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors and (tmp_path / "interrupts").read_text() == "1"


def test_progress_arrives_at_once(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COXSWAIN_COX", program(tmp_path, """
import os, time
for piece in (b"begin \\xe2\\x96", b"\\x88\\n", b"end\\n"):
    os.write(2, piece)
    time.sleep(0.3)
print("{}")
"""))
    pieces: list[tuple[float, str]] = []
    begin = time.monotonic()
    coxswain.run("steer", progress=lambda text: pieces.append((time.monotonic() - begin, text)))
    assert "".join(text for _, text in pieces) == "begin █\nend\n"
    assert pieces[-1][0] - pieces[0][0] > 0.4

    def fail(text: str) -> None:
        raise ValueError("no display")

    assert coxswain.run("verb", progress=fail).raw == {}


def test_the_progress_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    pages: list[str] = []

    class Handle:
        def update(self, page: object) -> None:
            pages.append(repr(page))

    class Display:
        @staticmethod
        def display(page: object, display_id: bool) -> Handle:
            return Handle()

    monkeypatch.setitem(sys.modules, "IPython", Display)
    monkeypatch.setitem(sys.modules, "IPython.display", Display)
    page = command._Notebook()
    for piece in ("a ░░ 0/2\na █░", " 1/2\ncox: a note\n", "a ██ 2/2\nb ░░ 0/1\n"):
        page(piece)
    assert pages[-1] == "a █░ 1/2\ncox: a note\na ██ 2/2\nb ░░ 0/1"


def test_where_cox_is(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COXSWAIN_COX", raising=False)
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path / "scripts"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    # The package of a wheel has a program of its own, which would come first.
    if (pathlib.Path(command.__file__).with_name("bin") / "cox").exists():
        pytest.skip("the package has a program")
    with pytest.raises(FileNotFoundError, match="There is no cox"):
        coxswain.cox_path()
    for place in ("path", "scripts"):
        (tmp_path / place).mkdir()
        found = program(tmp_path / place, "")
        assert coxswain.cox_path() == found
    monkeypatch.setenv("COXSWAIN_COX", str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match="no program"):
        coxswain.cox_path()


def test_the_module_is_the_command(tmp_path: pathlib.Path) -> None:
    cox = program(tmp_path, "import sys\nprint(sys.argv[1:])\nsys.exit(3)")
    done = subprocess.run(
        [sys.executable, "-m", "coxswain", "demo", "--quiet"], env=os.environ | {"COXSWAIN_COX": cox},
        capture_output=True, text=True)
    assert done.stdout == "['demo', '--quiet']\n" and done.returncode == 3
    assert shutil.which(sys.executable)
