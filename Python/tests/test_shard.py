"""What a node does with one shard, without Ray."""

from __future__ import annotations

import json
import os
import pathlib
import pickle
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from coxswain import CoxError, _shard
from coxswain._shard import BLOCK, Change, Order, Totals
from tests.seeded_server import seeded_server


def order(version: str = "", *options: str) -> Order:
    return Order(
        run="run", number=1, count=1, start=1, verb="steer", options=options, program=(), variables={}, version=version)


@pytest.fixture(autouse=True)
def shards(cox: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("COXSWAIN_COX", cox)
    monkeypatch.setenv("COXSWAIN_SHARDS", str(tmp_path / "shards"))
    return tmp_path / "shards" / "run" / "1-of-1"


def collect(cox: str, path: pathlib.Path, **policy: object) -> bytes:
    """A store, answered by a server."""
    with seeded_server() as server:
        path.with_suffix(".yaml").write_text(json.dumps({
            "environment": {"kind": "orders", "tasks": {"train": "0..<4"}},
            "policy": {
                "kind": "openai", "api": "text", "url": server.url, "model": "m", "format": "plain", "maxTokens": 8,
                "samplesPerCall": 1, **policy}}))
        subprocess.run(
            [cox, "collect", "--config", path.with_suffix(".yaml"), "--store", path, "--quiet"], check=True,
            stdout=subprocess.DEVNULL)
    return path.read_bytes()


def test_a_file_is_sent_in_blocks(tmp_path: pathlib.Path) -> None:
    generator = random.Random(1)
    path = tmp_path / "file"
    for size in (3 * BLOCK + 5, 5 * BLOCK, 2 * BLOCK + 1, 0):
        content = generator.randbytes(size)
        _shard.patch(path, Change(size, {
            number: content[number * BLOCK:(number + 1) * BLOCK] for number in range(-(-size // BLOCK))}))
        assert path.read_bytes() == content


def test_a_store_is_sent_and_counted(cox: str, tmp_path: pathlib.Path) -> None:
    collect(cox, tmp_path / "s.sqlite")
    sent: list[tuple[Totals, Change | None]] = []

    def report(totals: Totals, change: Change | None, settle: bool) -> bool:
        sent.append((totals, change))
        return True

    sender = _shard._Sender(tmp_path / "s.sqlite", None, report)
    assert sender.send() and sender.send()
    (totals, change), (_, again) = sent
    assert change and again is None
    assert totals == Totals(80, 80 * 40, 0, 0, 80 * 3, 16, 4) and totals.tokens == 80 * 43
    _shard.patch(tmp_path / "home.sqlite", change)
    with closing(sqlite3.connect(tmp_path / "home.sqlite")) as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert store.execute("SELECT COUNT(*) FROM call").fetchone() == (80,)


@pytest.mark.parametrize("contradicts", [False, True])
def test_what_is_at_home_counts(cox: str, tmp_path: pathlib.Path, contradicts: bool) -> None:
    """A store on the node is kept, unless another node has asked the same questions since."""
    home = collect(cox, tmp_path / "home.sqlite")
    # Another policy has another run; the same run with other answers is a contradiction.
    collect(cox, tmp_path / "s.sqlite", **({} if contradicts else {"maxTokens": 9}))
    if contradicts:
        with closing(sqlite3.connect(tmp_path / "s.sqlite")) as store, store:
            store.execute("UPDATE call SET response = 'another'")
    _shard._prepare(tmp_path / "s.sqlite", home, cox)
    with closing(sqlite3.connect(tmp_path / "s.sqlite")) as store:
        count, others = store.execute("SELECT COUNT(*), TOTAL(response = 'another') FROM call").fetchone()
    assert (count, others) == (80 if contradicts else 160, 0)
    assert not (tmp_path / "home.sqlite.new").exists()


def test_another_version_is_refused(shards: pathlib.Path) -> None:
    with pytest.raises(CoxError, match="another cox: .*, not cox 0.0.1") as caught:
        _shard.work(order("cox 0.0.1"), {}, None, lambda *_: True)
    assert not shards.exists()
    # It reaches another machine.
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.status, copy.stderr) == (str(caught.value), 1, "")


def test_wrong_use_is_an_outcome(cox: str, shards: pathlib.Path) -> None:
    outcome = _shard.work(order(_shard.version_of(cox), "--metod=x"), {"a/b.txt": b"1"}, None, lambda *_: True)
    assert outcome.status == 2 and "--metod" in outcome.errors and not outcome.stopped
    assert not shards.exists()


def test_the_end_of_a_parent(tmp_path: pathlib.Path) -> None:
    """A program gets SIGINT when its grandparent is killed, and its status and signal are passed on."""
    for body, status in (("sys.exit(7)", 7), ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL)):
        line = [*_shard._guard(), sys.executable, "-c", f"import os, signal, sys; {body}"]
        assert subprocess.run(line).returncode == status
    child = tmp_path / "child.py"
    child.write_text(f"""
import pathlib, signal, time
signal.signal(signal.SIGINT, lambda *_: (pathlib.Path({str(tmp_path / "ended")!r}).write_text("1"), exit()))
pathlib.Path({str(tmp_path / "began")!r}).write_text("1")
time.sleep(60)
""")
    parent = subprocess.Popen([sys.executable, "-c", f"""
import subprocess, sys
from coxswain import _shard
subprocess.run([*_shard._guard(), sys.executable, {str(child)!r}])
"""])
    for name in ("began", "ended"):
        end = time.monotonic() + 30
        while not (tmp_path / name).exists():
            assert time.monotonic() < end, name
            time.sleep(0.01)
        if name == "began":
            os.kill(parent.pid, signal.SIGKILL)
            parent.wait()
