"""Shards on a real Ray cluster of two nodes on this machine."""

from __future__ import annotations

import json
import logging
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from coxswain import Comparison, CoxError, UsageError, run
from tests.conftest import PACKAGE
from tests.results import lasting
from tests.seeded_server import SeededServer, seeded_server

pytest.importorskip("ray", reason="ray is not installed: pip install 'coxswain[ray]'")

import ray

from coxswain import ray as shards

TASKS = 16
VARIANT: dict[str, Any] = {"methods": ["single", "best-of", "amc"], "resample": ["steps:1,2"]}


@pytest.fixture(scope="module")
def nodes(cox: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A cluster of two nodes, each with a folder of its own for shards."""
    from ray.cluster_utils import Cluster

    os.environ |= {
        "RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "240", "COXSWAIN_COX": cox,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(PACKAGE), os.environ.get("PYTHONPATH")]))}
    os.environ.pop("RAY_ADDRESS", None)
    started = Cluster()
    try:
        for number in range(2):
            add_node(started, tmp_path_factory.mktemp(f"node{number}"))
        ray.init(address=started.address, log_to_driver=False, logging_level=logging.ERROR)
        yield started
    finally:
        ray.shutdown()
        started.shutdown()  # type: ignore[no-untyped-call]


def add_node(nodes: Any, folder: pathlib.Path) -> Any:
    node = nodes.add_node(
        num_cpus=2, object_store_memory=80_000_000, include_dashboard=False, env_vars={"COXSWAIN_SHARDS": str(folder)})
    nodes.wait_for_nodes()
    return node


@pytest.fixture(scope="module")
def cluster(nodes: Any) -> str:
    """The address of the cluster."""
    return str(nodes.address)


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(server: SeededServer, **policy: Any) -> dict[str, Any]:
    """A configuration whose answers depend on prompt and seed alone."""
    return {
        "environment": {"kind": "orders", "tasks": {"train": "300..<320", "test": f"0..<{TASKS}"}},
        "policy": {
            "kind": "openai", "api": "text", "url": server.url, "model": "m", "format": "plain", "maxTokens": 8,
            "concurrency": 2, "samplesPerCall": 1, "pricing": {"inputPerMillion": 10, "outputPerMillion": 200},
            **policy},
        "steering": {"particles": 4, "answer": "sample", "temperature": 0.1}}


def calls(store: str) -> int:
    with closing(sqlite3.connect(store)) as database:
        return int(database.execute("SELECT COUNT(*) FROM call").fetchone()[0])


def test_four_shards_give_the_result_of_one(cluster: str, folder: pathlib.Path) -> None:
    with seeded_server() as server:
        config = configure(server)
        run("collect", config=config, rollouts=4, progress=False)
        run("train", config=config, progress=False)
        before = server.total
        whole = run("compare", config=config, store="whole.sqlite", critic=".coxswain/trees.critic.json", **VARIANT,
                    progress=False)
        asked = server.total - before
        results: list[Comparison] = []
        said: list[str] = []
        for number in (1, 4):
            before = server.total
            results.append(shards.run(
                "compare", config=config, shards=number, store=f"{number}.sqlite", critic=".coxswain/trees.critic.json",
                **VARIANT, progress=said.append))
            assert server.total - before == asked == calls(f"{number}.sqlite") == calls("whole.sqlite")
            assert not pathlib.Path(f"{number}.sqlite.shards").exists()
    assert lasting(results[0].raw) == lasting(results[1].raw) == lasting(whole.raw)
    assert whole.method("amc").raw["resamplings"] > 0 and len(results[1].methods) == 3
    assert any("4/4" in text for text in said), said
    assert not any(found.is_file() for found in folder.glob("../node*/**/*.sqlite"))


def test_a_collection_beside_its_critic(cluster: str, folder: pathlib.Path) -> None:
    """A store that has something already is continued, and critics beside it travel."""
    with seeded_server() as server:
        config = configure(server)
        shards.run("collect", config=config, shards=3, rollouts=2, progress=False)
        assert server.total == 20 * 2 * 5
        more = shards.run("collect", config=config, shards=4, rollouts=4, progress=False)
        assert server.total == 20 * 4 * 5 and server.repeated == 0
        assert more.raw["trajectories"] == 80
        run("train", config=config, progress=False)
        steered = shards.run("steer", config=config, shards=2, method="amc", resample="steps:2", progress=False)
        assert steered.tasks == TASKS and steered.policy_calls == TASKS * 4 * 5 and steered.resamplings > 0


def kill_in_the_middle(find: Callable[[], list[int]], server: SeededServer, at: int, killed: list[int]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if server.total >= at and (found := find()):
            os.kill(found[0], signal.SIGKILL)
            killed.append(found[0])
            return
        time.sleep(0.01)


def processes(*words: str) -> list[int]:
    """Processes of this test whose command line has all words."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            line = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if all(word in line for word in words):
            found.append(int(path.name))
    return found


def parent(process: int) -> int:
    return int(pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])


def workers(nodes: str) -> list[int]:
    """The Ray workers of running shards in these folders."""
    return [parent(process) for process in processes("--shard=", nodes) if "ray::" in command_line(parent(process))]


def programs(nodes: str) -> list[int]:
    """Every cox that runs a shard in these folders."""
    return [process for process in processes("--shard=", nodes) if "python" not in command_line(process).split("\0")[0]]


def command_line(process: int) -> str:
    try:
        return pathlib.Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return ""


def test_a_killed_worker_costs_no_answer(
    cluster: str, folder: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nodes = str(tmp_path_factory.getbasetemp() / "node")
    with seeded_server(delay=0.05) as server:
        config = configure(server)
        given: dict[str, Any] = {"config": config, "method": "best-of", "particles": 8}
        killed: list[int] = []
        threads = [
            threading.Thread(target=kill_in_the_middle, args=(lambda: workers(nodes), server, at, killed))
            for at in (60, 200)]
        for thread in threads:
            thread.start()
        said: list[str] = []
        result = shards.run("steer", shards=4, store="killed.sqlite", progress=said.append, **given)
        for thread in threads:
            thread.join()
        assert len(killed) == 2 and sum("starts again" in text for text in said) == 2, said
        # The cox of a killed worker has stored what was in flight.
        assert server.total == TASKS * 8 * 5 == calls("killed.sqlite") and server.repeated == 0
        server.delay = 0
        whole = run("steer", store="whole.sqlite", progress=False, **given)
    assert lasting(result.raw) == lasting(whole.raw)


def test_a_killed_cox_asks_only_for_what_was_in_flight(
    cluster: str, folder: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    nodes = str(tmp_path_factory.getbasetemp() / "node")
    with seeded_server(delay=0.05) as server:
        killed: list[int] = []
        thread = threading.Thread(
            target=kill_in_the_middle, args=(lambda: programs(nodes), server, 100, killed))
        thread.start()
        result = shards.run(
            "steer", shards=2, config=configure(server), method="best-of", particles=8, store="s.sqlite",
            progress=False)
        thread.join()
    assert killed and result.tasks == TASKS and calls("s.sqlite") == TASKS * 8 * 5
    assert server.repeated <= 2, "at most the calls in flight"


def test_a_lost_node_costs_what_it_had_not_sent(
    nodes: Any, folder: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    third = add_node(nodes, tmp_path_factory.mktemp("third"))
    with seeded_server(delay=0.05) as server:
        at: list[int] = []

        def remove() -> None:
            while server.total < 150:
                time.sleep(0.01)
            at.append(server.total)
            nodes.remove_node(third, allow_graceful=False)

        thread = threading.Thread(target=remove)
        thread.start()
        said: list[str] = []
        config = configure(server)
        result = shards.run(
            "steer", shards=6, config=config, method="best-of", particles=8, store="s.sqlite", progress=said.append)
        thread.join()
        assert sum("starts again" in text for text in said) == 2, said
        assert result.tasks == TASKS and calls("s.sqlite") == TASKS * 8 * 5
        # Two shards with 2 calls of 0.05 s at a time, which send their stores every second: 80 calls, and more
        # on a busy machine.
        assert server.repeated <= 160, (server.repeated, at)
        print(f"{server.repeated} of {server.total} calls were repeated")
        server.delay = 0
        whole = run("steer", config=config, method="best-of", particles=8, store="whole.sqlite", progress=False)
    assert lasting(result.raw) == lasting(whole.raw)


@pytest.mark.parametrize("limit", [{"limit_calls": 150}, {"limit_cost": 0.15}, {"limit_tokens": 6450}])
def test_a_limit_is_kept_in_total(cluster: str, folder: pathlib.Path, limit: dict[str, Any]) -> None:
    with seeded_server(delay=0.005) as server:
        given: dict[str, Any] = {
            "config": configure(server, concurrency=1), "shards": 8, "method": "best-of", "store": "s.sqlite",
            "progress": False}
        first = shards.run("steer", **given, **limit)
        assert first.stopped and list(limit)[0] in first.stopped
        # All of it is used, whatever the shards' shares were. 150 calls have 6450 tokens and cost 0.15.
        assert server.total == calls("s.sqlite") == 150, first.stopped
        again = shards.run("steer", **given, **limit)
        assert again.stopped and server.total == 150
        whole = shards.run("steer", **given, limit_calls=TASKS * 4 * 5)
        assert whole.stopped is None and whole.tasks == TASKS
        assert server.total == TASKS * 4 * 5 and server.repeated == 0


def test_unused_shares_return(cluster: str, folder: pathlib.Path) -> None:
    """Shards of different sizes finish under a limit that is just enough."""
    with seeded_server() as server:
        result = shards.run(
            "steer", config=configure(server), shards=5, method="best-of", tasks=range(0, 7), limit_calls=7 * 4 * 5,
            progress=False)
    assert result.stopped is None and result.tasks == 7 and server.total == 7 * 4 * 5


def test_a_wrong_configuration_is_said_once(cluster: str, folder: pathlib.Path) -> None:
    said: list[str] = []
    with seeded_server() as server:
        config = configure(server)
        config["policy"]["temprature"] = 1
        with pytest.raises(UsageError, match="Shard ./4: .*temprature") as caught:
            shards.run("steer", config=config, shards=4, method="best-of", progress=said.append)
        assert caught.value.status == 2 and server.total == 0
        assert not any("again" in text for text in said)
        with pytest.raises(UsageError, match="at most 16 shards"):
            shards.run("steer", config=configure(server), shards=40, method="best-of", progress=False)
        with pytest.raises(UsageError, match="cannot be divided"):
            shards.run("compare", config=configure(server), shards=2, methods="frontier,amc", progress=False)


def test_a_server_that_refuses_stops_all(cluster: str, folder: pathlib.Path) -> None:
    with seeded_server() as server:
        config = configure(server)
        config["policy"]["url"] = server.url.replace("/v1", "/v1/none").replace("http:", "https:")
        config["policy"] |= {"deadline": 2, "attempts": 1}
        with pytest.raises(CoxError, match="Shard ./3") as caught:
            shards.run("steer", config=config, shards=3, method="best-of", progress=False)
    assert caught.value.status == 1 and caught.value.stderr


def test_another_cox_on_a_node(
    cluster: str, folder: pathlib.Path, cox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a node raises arrives as it was, and is not taken for a loss."""
    other = folder / "cox"
    other.write_text(f'#!/bin/sh\ntest "$1" = --version && echo cox 9 && exit\nexec {cox} "$@"\n')
    other.chmod(0o755)
    monkeypatch.setenv("COXSWAIN_COX", str(other))
    said: list[str] = []
    with seeded_server() as server, pytest.raises(CoxError, match="This node has another cox: .*, not cox 9"):
        shards.run("steer", config=configure(server), shards=2, method="best-of", progress=said.append)
    assert server.total == 0 and not any("again" in text for text in said)


def test_files_travel(cluster: str, folder: pathlib.Path) -> None:
    """An agent's program, its tasks and its folder."""
    (folder / "agent.py").write_text("""
import json, os, pathlib, urllib.request
task = json.loads(os.environ["COX_TASK"])
body = {"model": "m", "seed": 1, "messages": [{"role": "user", "content": "A number, please: " + task["input"]}]}
request = urllib.request.Request(
    os.environ["OPENAI_BASE_URL"] + "/chat/completions", json.dumps(body).encode(),
    {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
answer = json.load(urllib.request.urlopen(request))["choices"][0]["message"]["content"]
print(json.dumps({"reward": float(answer.strip().isdigit() and pathlib.Path("known.txt").exists())}))
""")
    (folder / "workspace").mkdir()
    (folder / "workspace" / "known.txt").write_text("7")
    (folder / "tasks.jsonl").write_text("".join(
        json.dumps({"id": f"t{number}", "split": "test", "input": str(number)}) + "\n" for number in range(6)))
    from tests.model_server import model_server

    with model_server() as url:
        result = shards.run(
            "steer", config={
                "environment": {
                    "kind": "agent", "command": [sys.executable, "agent.py"], "tasks": "tasks.jsonl",
                    "folder": "workspace", "score": "stdout", "identityFiles": ["agent.py"]},
                "policy": {"kind": "openai", "url": url, "model": "m"}},
            files=["agent.py", "tasks.jsonl", "workspace"], shards=3, method="best-of", particles=2, progress=False)
    assert result.tasks == 6 and result.failed_attempts == 0 and result.reward_mean.mean == 1


def test_the_command_line(cluster: str, folder: pathlib.Path) -> None:
    with seeded_server() as server:
        (folder / "c.yaml").write_text(json.dumps(configure(server)))
        line = [
            sys.executable, "-m", "coxswain.ray", "steer", "--shards", "2", "--address", cluster, "--config", "c.yaml"]
        done = subprocess.run(
            [*line, "--method", "best-of", "--particles=2", "--tasks", "0..<4", "--limit-calls", "10"],
            capture_output=True, text=True, timeout=300)
        assert done.returncode == 3 and "Reached limit_calls" in done.stderr, done.stderr
        done = subprocess.run(
            [*line, "--method", "best-of", "--particles=2", "--tasks", "0..<4"], capture_output=True, text=True,
            timeout=300)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["tasks"] == 4 and server.total == 40 and "shards " in done.stderr
        done = subprocess.run([*line, "--metod", "best-of"], capture_output=True, text=True, timeout=300)
        assert done.returncode == 2 and "--metod" in done.stderr, done.stderr


def test_a_stopped_driver_continues(cluster: str, folder: pathlib.Path) -> None:
    """A driver killed by SIGKILL: its shards end in order, and the next start finds what they have stored."""
    with seeded_server(delay=0.05) as server:
        (folder / "c.yaml").write_text(json.dumps(configure(server)))
        line = [
            sys.executable, "-m", "coxswain.ray", "steer", "--shards", "2", "--address", cluster, "--config", "c.yaml",
            "--method", "best-of", "--particles", "8"]
        for signum in (signal.SIGKILL, signal.SIGINT):
            before = server.total
            with (folder / "said.txt").open("w") as said:
                driver = subprocess.Popen(line, stdout=said, stderr=said)
                while server.total < before + 80 and driver.poll() is None:
                    time.sleep(0.05)
                driver.send_signal(signum)
                assert driver.wait(60) != 0, (folder / "said.txt").read_text()
        result = shards.run("steer", config="c.yaml", shards=2, method="best-of", particles=8, progress=False)
    assert result.tasks == TASKS and server.total == TASKS * 8 * 5 and server.repeated == 0
