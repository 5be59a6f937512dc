"""A store that the real `cox` has made, read from Python."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from typing import Any

import pytest

from coxswain import Store, StoreError
from tests.conftest import WORLDS
from tests.model_server import model_server

ORDERS = {
    "environment": {"kind": "orders", "tasks": {"train": "0..<4", "test": "100..<102"}},
    "steering": {"particles": 4, "temperature": 0.05, "answer": "sample"},
}


def configuration(folder: pathlib.Path, url: str, **environment: Any) -> str:
    """Writes a configuration, by default for the order desk."""
    policy = {"kind": "openai", "url": url, "model": "m", "format": "plain", "maxTokens": 8, "concurrency": 4}
    path = folder / "c.yaml"
    path.write_text(json.dumps({**ORDERS, "environment": environment or ORDERS["environment"], "policy": policy}))
    return str(path)


@pytest.fixture(scope="module")
def stored(cox: str, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A store with two runs, the second of which has clones."""
    folder = tmp_path_factory.mktemp("stored")
    with model_server() as url:
        collect = [cox, "collect", "--rollouts", "3", "--config", configuration(folder, url)]
        subprocess.run([*collect, "--store", "s.sqlite", "--quiet"], cwd=folder, check=True, timeout=120)
        steer = [
            cox, "steer", "--method", "amc", "--critic", "constant", "--resample", "steps:1,2", "--config",
            configuration(folder, url, kind="process", command=[sys.executable, str(WORLDS), "Tally"])]
        subprocess.run([*steer, "--store", "s.sqlite", "--quiet"], cwd=folder, check=True, timeout=120)
    return folder / "s.sqlite"


def test_rows(stored: pathlib.Path) -> None:
    before = sorted(path.name for path in stored.parent.iterdir())
    store = Store(stored)
    steered, collected = list(store.rows("runs"))
    assert (collected["verb"], collected["method"], collected["is_prior"]) == ("collect", "best-of", True)
    assert (collected["tasks"], collected["trajectories"], collected["failed"], collected["calls"]) == (4, 12, 0, 60)
    assert collected["settings"]["particles"] == 3 and 0 < collected["reward_mean"] < 1
    assert (steered["verb"], steered["method"], steered["is_prior"]) == ("steer", "amc", False)
    tasks = {row["task"]: row["split"] for row in store.rows("tasks")}
    assert list(tasks.values()).count("train") == 4 and list(tasks.values()).count("test") == 2
    attempts = list(store.rows("trajectories", run=collected["run"][:6]))
    assert len(attempts) == 12 and all(attempt["split"] == "train" and attempt["steps"] == 5 for attempt in attempts)
    assert all(isinstance(attempt["choices"], list) and attempt["is_done"] is True for attempt in attempts)
    culled = list(store.rows("trajectories", run="last", standing="culled"))
    assert culled and all(attempt["culled_after"] in (1, 2) for attempt in culled)
    assert sum(1 for _ in store.rows("steps", task="order-1-0", run=collected["run"])) == 15
    assert sum(1 for _ in store.rows("checkpoints", run="last")) >= 4
    weighings = list(store.rows("weighings", run="last", step=1))
    assert len(weighings) == 8 and any(row["ancestor"] != row["particle"] for row in weighings)
    calls = list(store.rows("calls", run=collected["run"], task="order-1-0"))
    assert len(calls) == 15 and all(row["output_tokens"] > 0 and row["is_refusal"] is False for row in calls)
    # Reading leaves nothing behind.
    assert sorted(path.name for path in stored.parent.iterdir()) == before


def test_a_trajectory(stored: pathlib.Path) -> None:
    store = Store(stored)
    attempt = store.trajectory(next(store.rows("trajectories"))["id"])
    assert [step.number for step in attempt.steps] == [1, 2, 3, 4, 5] and attempt.failure is None
    assert attempt.reward == sum(step.reward for step in attempt.steps)
    messages = attempt.messages
    assert len(messages) == 11 and messages[0] == {"role": "user", "content": attempt.opening}
    assert messages[1] == {"role": "assistant", "content": attempt.steps[0].response}
    with pytest.raises(StoreError, match="no trajectory 999"):
        store.trajectory(999)


def test_prompts(stored: pathlib.Path) -> None:
    store = Store(stored)
    call = next(store.rows("calls", task="order-1-0"))
    sent = store.prompt(call["run"], call["task"], call["particle"], call["step"])
    assert sent is not None and sent[0]["role"] == "system" and sent[0]["content"].startswith("Choose the options")
    assert [each["role"] for each in sent[1:-2:2]] == ["user"] * 3
    assert sent[-2]["role"] == "user" and sent[-1]["role"] == "choices"
    assert json.loads(sent[-1]["content"]) == next(store.rows("trajectories", task="order-1-0"))["choices"]
    with pytest.raises(StoreError, match="no call"):
        store.prompt(call["run"], "none", 0, 0)


def test_frames(stored: pathlib.Path) -> None:
    pytest.importorskip("pandas")
    store = Store(stored)
    assert list(store.runs().verb) == ["steer", "collect"] and len(store.tasks()) == 6
    collected = store.runs().run.iloc[1]
    frame = store.trajectories(collected)
    assert frame.reward.mean() == pytest.approx(store.runs().reward_mean.iloc[1])
    steps = store.steps(collected, trajectory=int(frame.id.iloc[0]))
    assert len(steps) == 5 and steps.reward.sum() == pytest.approx(frame.reward.iloc[0])
    assert len(store.calls(collected)) == 60 and len(store.checkpoints()) >= 4 and len(store.weighings()) >= 16
    # A frame without rows has its columns all the same.
    empty = store.trajectories(collected, task="none")
    assert len(empty) == 0 and "reward" in empty.columns


def test_without_pandas(stored: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"coxswain\[pandas\]"):
        Store(stored).runs()


def test_what_is_no_store(stored: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        Store(tmp_path / "none.sqlite")
    (tmp_path / "text").write_text("no database, but more than a hundred bytes" * 5)
    with pytest.raises(StoreError, match="cannot be read"):
        Store(tmp_path / "text")
    other = sqlite3.connect(tmp_path / "other.sqlite")
    other.execute("CREATE TABLE run (id)")
    other.close()
    with pytest.raises(StoreError, match="not a store"):
        Store(tmp_path / "other.sqlite")
    old = tmp_path / "old.sqlite"
    shutil.copy(stored, old)
    with sqlite3.connect(old) as database:
        database.execute("PRAGMA user_version = 9")
    database.close()
    with pytest.raises(StoreError, match="version 9"):
        Store(old)
    store = Store(stored)
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("run", {}, "There is no table run"), ("runs", {"x": 1}, "no column x"),
        ("calls", {"run": "zzz"}, "no run zzz"), ("calls", {"run": ""}, "2 runs"),
    ]
    for table, conditions, said in wrong:
        with pytest.raises(StoreError, match=said):
            list(store.rows(table, **conditions))


def test_a_store_that_cox_writes_to_and_one_of_a_killed_run(cox: str, tmp_path: pathlib.Path) -> None:
    with model_server() as url:
        file = configuration(tmp_path, url, kind="orders", tasks={"train": "0..<400"})
        process = subprocess.Popen(
            [cox, "collect", "--config", file, "--store", "s.sqlite", "--rollouts", "8", "--quiet"], cwd=tmp_path)
        counts: list[int] = []
        deadline = time.monotonic() + 60
        while len(set(counts)) < 4 and time.monotonic() < deadline:
            assert process.poll() is None, "the run ended before it was read"
            if (tmp_path / "s.sqlite-wal").exists():
                try:
                    counts.append(sum(1 for _ in Store(tmp_path / "s.sqlite").rows("calls")))
                except StoreError as error:
                    # The tables are being made.
                    assert "version 0" in str(error) or "not a store" in str(error)
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert counts == sorted(counts) and len(set(counts)) >= 4
    # What the killed run left in its log is read, too, even where nothing can be written.
    left = sum(1 for _ in Store(tmp_path / "s.sqlite").rows("calls"))
    assert left >= counts[-1]
    copy = tmp_path / "read-only"
    copy.mkdir()
    for name in ("s.sqlite", "s.sqlite-wal"):
        shutil.copy(tmp_path / name, copy / name)
    copy.chmod(0o555)
    try:
        assert sum(1 for _ in Store(copy / "s.sqlite").rows("calls")) == left
        if os.geteuid() != 0:
            assert sorted(os.listdir(copy)) == ["s.sqlite", "s.sqlite-wal"]
    finally:
        copy.chmod(0o755)
