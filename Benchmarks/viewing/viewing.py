"""How long the page of `cox view` waits for a large store, without a model.

    python Benchmarks/viewing/viewing.py --calls 100000 --cox .build/release/cox

`cox collect` makes a small store, whose rows are repeated under other task names (Benchmarks/merging). With --loss it
also measures a run's calls per second with and without the page attached.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Python"))
sys.path.insert(0, str(ROOT / "Benchmarks" / "merging"))

from merging import ROLLOUTS, STEPS, TASKS, collect, repeat  # noqa: E402
from tests.seeded_server import seeded_server  # noqa: E402


class View:
    """The page's server, asked as the page asks."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        parts = urllib.parse.urlsplit(address)
        self.base = f"http://{parts.netloc}"
        self.cookie = f"coxswain-view-{parts.port}={urllib.parse.parse_qs(parts.query)['token'][0]}"

    def get(self, path: str) -> bytes:
        request = urllib.request.Request(self.base + path, headers={"Cookie": self.cookie})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read()

    def api(self, name: str, **query: object) -> dict[str, object]:
        return json.loads(self.get(f"/api/{name}?{urllib.parse.urlencode(query)}"))

    @property
    def memory(self) -> float:
        """Megabytes of the process, where Linux says."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        return 0


@contextmanager
def view(cox: str, store: pathlib.Path, folder: pathlib.Path) -> Iterator[View]:
    file = folder / "address.json"
    file.unlink(missing_ok=True)
    process = subprocess.Popen(
        [cox, "view", f"--store={store}", f"--json={file}", "--quiet"], stdout=subprocess.DEVNULL, text=True)
    try:
        while not file.exists() or not file.read_text().endswith("\n"):
            if process.poll() is not None:
                raise SystemExit(f"cox view ended with status {process.returncode}.")
            time.sleep(0.01)
            if file.exists() and file.read_text().strip().endswith("}"):
                break
        yield View(process, json.loads(file.read_text())["address"])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def report(title: str, seconds: list[float], more: str = "") -> None:
    print(f"{title:<52} {statistics.median(seconds) * 1e3:8.1f} ms  {more}", flush=True)


def timed(body) -> float:
    start = time.perf_counter()
    body()
    return time.perf_counter() - start


def reading(cox: str, store: pathlib.Path, folder: pathlib.Path, times: int) -> None:
    started = time.perf_counter()
    with view(cox, store, folder) as page:
        state = page.api("state")
        report("start of cox view until the runs are listed", [time.perf_counter() - started])
        run = max(state["runs"], key=lambda run: run["trajectories"])
        identity = run["id"]
        print(f"  {run['trajectories']} trajectories of {run['tasks']} tasks, {run['calls']} calls")
        tasks = page.api("tasks", run=identity, limit=100)["rows"]
        task = tasks[50]["task"]
        where = {"run": identity, "task": task, "particle": 0, "standing": "final"}
        for title, name, query in (
            ("runs", "state", {}), ("100 tasks", "tasks", {"run": identity}),
            ("100 tasks, best first", "tasks", {"run": identity, "sort": "best"}),
            ("100 tasks, the last ones", "tasks", {"run": identity, "offset": run["tasks"] - 100}),
            ("tasks whose name or request has a word", "tasks", {"run": identity, "words": "wool"}),
            ("trajectories of a task", "attempts", {"run": identity, "task": task}),
            ("a transcript", "trajectory", where), ("a prompt", "prompt", {**where, "step": 3}),
            ("failures", "failures", {"run": identity}),
            ("search of all texts, a frequent word", "search", {"run": identity, "words": "wool"}),
            ("search of all texts, a word that there is not", "search", {"run": identity, "words": "zeppelin"}),
        ):
            report(f"  {title}", [timed(lambda: page.api(name, **query)) for _ in range(times)])
        print(f"  memory of cox view: {page.memory:.0f} MB")


def loss(cox: str, folder: pathlib.Path, tasks: int, delay: float, times: int) -> None:
    """Calls per second of a run without and with the page, which a reader follows."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    with seeded_server(delay) as server:
        (folder / "run.yaml").write_text(json.dumps({
            "environment": {"kind": "orders", "tasks": {"train": f"0..<{tasks}"}},
            "policy": {
                "kind": "openai", "api": "text", "url": server.url, "model": "m", "format": "plain", "maxTokens": 8,
                "concurrency": 16, "samplesPerCall": 1}}))
        for turn in range(2 * times):
            watched = turn % 2 == 1
            store = folder / f"run{turn}.sqlite"
            line = [cox, "collect", "--rollouts=4", f"--config={folder}/run.yaml", f"--store={store}", "--quiet"]

            def work() -> None:
                before = server.total
                seconds = timed(lambda: subprocess.run(line, check=True, stdout=subprocess.DEVNULL))
                rates[watched].append((server.total - before) / seconds)

            if not watched:
                work()
                continue
            with view(cox, store, folder) as page:
                stream = urllib.request.Request(page.base + "/api/events", headers={"Cookie": page.cookie})
                answer = urllib.request.urlopen(stream, timeout=120)

                def follow() -> None:
                    try:
                        for line in answer:
                            if line.startswith(b"event: change"):
                                page.api("state")
                    except (OSError, ValueError, AttributeError):
                        pass

                threading.Thread(target=follow, daemon=True).start()
                work()
    without, having = statistics.median(rates[False]), statistics.median(rates[True])
    print(f"calls per second without the page {without:.0f}, with it {having:.0f}: loss {(1 - having / without) * 100:.1f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--answer-bytes", type=int, default=500, help="by how much each answer is made longer")
    parser.add_argument("--cox", default=str(ROOT / ".build" / "release" / "cox"))
    parser.add_argument("--times", type=int, default=5, help="the median of so many")
    parser.add_argument("--folder", help="keeps the store there")
    parser.add_argument("--loss", type=int, metavar="TASKS", help="also a run of so many tasks, with and without the page")
    parser.add_argument("--delay", type=float, default=0.02, help="seconds that the model of this run takes for a call")
    given = parser.parse_args()
    cox = os.path.abspath(given.cox)
    folder = pathlib.Path(given.folder or tempfile.mkdtemp(prefix="viewing-")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    store = folder / "large.sqlite"
    if given.calls:
        if not store.exists():
            repeat(collect(cox, folder), store, range(given.calls // (TASKS * ROLLOUTS * STEPS)), given.answer_bytes)
            with closing(sqlite3.connect(store)) as database:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        print(f"a store of {store.stat().st_size / 1e6:.0f} MB")
        reading(cox, store, folder, given.times)
    if given.loss:
        loss(cox, folder, given.loss, given.delay, given.times)
    if not given.folder:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
