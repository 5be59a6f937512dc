"""What merging and reading stores costs, with any number of calls and without a model.

    python Benchmarks/merging/merging.py --calls 100000 --shards 10 --cox .build/release/cox

`cox collect` makes a small store of the present version. Its rows are then repeated under other task names.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Python"))

from tests.seeded_server import seeded_server  # noqa: E402

TASKS, ROLLOUTS, STEPS = 20, 4, 5


def collect(cox: str, folder: pathlib.Path) -> pathlib.Path:
    """A small store: 20 order forms, four attempts at each, five calls an attempt."""
    with seeded_server() as server:
        (folder / "c.yaml").write_text(json.dumps({
            "environment": {"kind": "orders", "tasks": {"train": f"0..<{TASKS}"}},
            "policy": {
                "kind": "openai", "api": "text", "url": server.url, "model": "m", "format": "plain", "maxTokens": 8,
                "concurrency": 4, "samplesPerCall": 1}}))
        store = folder / "small.sqlite"
        subprocess.run(
            [cox, "collect", f"--rollouts={ROLLOUTS}", f"--config={folder}/c.yaml", f"--store={store}", "--quiet"],
            check=True, stdout=subprocess.DEVNULL)
    return store


def columns(store: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in store.execute(f"PRAGMA table_info({table})")]


def repeat(small: pathlib.Path, path: pathlib.Path, copies: range, answer_bytes: int) -> None:
    """Writes a store with copies of all tasks; those of number 0 keep their names."""
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(small)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        store.execute("PRAGMA journal_mode = OFF")
        store.execute("PRAGMA synchronous = OFF")
        store.execute("ATTACH ? AS small", [str(small)])
        padding = "x" * answer_bytes
        store.execute("BEGIN")
        for table in ("step", "trajectory", "call", "outcome", "task"):
            store.execute(f"DELETE FROM main.{table}")
        (last,) = store.execute("SELECT MAX(id) FROM small.trajectory").fetchone()
        for copy in copies:
            suffix = f"~{copy}" if copy else ""
            for table in ("task", "call", "outcome", "trajectory", "step"):
                names = columns(store, table)
                values = []
                for name in names:
                    if name in ("id", "trajectory") and table in ("trajectory", "step"):
                        values.append(f"{name} + {copy * last}")
                    elif (table, name) == ("task", "id") or name == "task":
                        values.append(f"{name} || '{suffix}'")
                    elif name == "response" and padding:
                        values.append("response || :padding")
                    else:
                        values.append(name)
                # In the order of the key, so that pages are filled.
                store.execute(
                    f"INSERT INTO main.{table} ({', '.join(names)}) SELECT {', '.join(values)} FROM small.{table}",
                    {"padding": padding} if padding and "response" in names else {})
        store.execute("COMMIT")
        store.execute("PRAGMA journal_mode = WAL")


def measure(title: str, line: list[str], folder: pathlib.Path) -> None:
    """Runs a command and prints its seconds, processor time and memory."""
    start = time.monotonic()
    with (folder / "output.txt").open("w") as output:
        process = subprocess.Popen(line, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
        _, status, used = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    text = (folder / "output.txt").read_text()
    print(
        f"{title:<34} {time.monotonic() - start:8.2f} s  {used.ru_utime + used.ru_stime:8.2f} s of processor  "
        f"{used.ru_maxrss / 1024:7.0f} MB{'' if code == 0 else f'  status {code}: {text[-300:]}'}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--shards", type=int, default=10)
    parser.add_argument("--answer-bytes", type=int, default=500, help="by how much each answer is made longer")
    parser.add_argument("--cox", default=str(ROOT / ".build" / "release" / "cox"))
    parser.add_argument("--folder", help="keeps the stores there")
    parser.add_argument("--diagnose", action="store_true", help="also cox diagnose")
    given = parser.parse_args()
    cox = os.path.abspath(given.cox)
    folder = pathlib.Path(given.folder or tempfile.mkdtemp(prefix="merging-")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    small = collect(cox, folder)
    copies = given.calls // (TASKS * ROLLOUTS * STEPS)
    stores = [folder / f"shard{number}.sqlite" for number in range(given.shards)]
    for number, store in enumerate(stores):
        # Tasks are dealt in turn: in a real run, too, the tasks of one shard lie between those of the others.
        repeat(small, store, range(number, copies, given.shards), given.answer_bytes)
    size = sum(store.stat().st_size for store in stores)
    print(f"{copies * TASKS * ROLLOUTS * STEPS} calls in {given.shards} shards of {size / given.shards / 1e6:.1f} MB")
    merged = folder / "all.sqlite"
    for path in folder.glob("all.sqlite*"):
        path.unlink()
    measure("cox merge", [cox, "merge", f"--store={merged}", *map(str, stores), "--quiet"], folder)
    print(f"merged store: {merged.stat().st_size / 1e6:.0f} MB")
    measure("cox merge, the last shard again", [cox, "merge", f"--store={merged}", str(stores[-1]), "--quiet"], folder)
    measure("cox show", [cox, "show", f"--store={merged}"], folder)
    measure("cox show last", [cox, "show", "last", f"--store={merged}"], folder)
    with closing(sqlite3.connect(merged)) as store:
        (task,) = store.execute("SELECT id FROM task LIMIT 1").fetchone()
    measure("cox show last/TASK", [cox, "show", f"last/{task}", f"--store={merged}"], folder)
    if given.diagnose:
        measure("cox diagnose", [cox, "diagnose", f"--config={folder}/c.yaml", f"--store={merged}"], folder)
    if not given.folder:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
