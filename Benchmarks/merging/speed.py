"""How much faster a comparison ends with more shards, where it waits for its model: an answer takes 50 ms.

    python Benchmarks/merging/speed.py --cox .build/release/cox

On a Ray cluster of two nodes on this machine. Each shard has two calls in flight.
"""

from __future__ import annotations

import argparse
import logging
import os
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Python"))

import ray  # noqa: E402
from ray.cluster_utils import Cluster  # noqa: E402

from coxswain import ray as shards  # noqa: E402
from coxswain import run  # noqa: E402
from tests.seeded_server import seeded_server  # noqa: E402

TASKS = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cox", default=str(ROOT / ".build" / "release" / "cox"))
    parser.add_argument("--delay", type=float, default=0.05)
    given = parser.parse_args()
    os.environ |= {
        "COXSWAIN_COX": os.path.abspath(given.cox), "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(ROOT / "Python")}
    os.chdir(tempfile.mkdtemp(prefix="speed-"))
    nodes = Cluster()
    for number in range(2):
        nodes.add_node(
            num_cpus=2, object_store_memory=80_000_000, include_dashboard=False,
            env_vars={"COXSWAIN_SHARDS": str(pathlib.Path(f"node{number}").absolute())})
    ray.init(address=nodes.address, log_to_driver=False, logging_level=logging.ERROR)
    with seeded_server(given.delay) as server:
        config = {
            "environment": {"kind": "orders", "tasks": {"test": f"0..<{TASKS}"}},
            "policy": {
                "kind": "openai", "api": "text", "url": server.url, "model": "m", "format": "plain", "maxTokens": 8,
                "concurrency": 2, "samplesPerCall": 1},
            "steering": {"particles": 8, "answer": "sample"}}
        methods = ["single", "best-of"]
        start = time.monotonic()
        run("compare", config=config, store="alone.sqlite", methods=methods, progress=False)
        alone = time.monotonic() - start
        print(f"cox alone  {server.total} calls  {alone:6.1f} s", flush=True)
        for count in (1, 2, 4):
            start = time.monotonic()
            shards.run("compare", config=config, shards=count, store=f"{count}.sqlite", methods=methods, progress=False)
            seconds = time.monotonic() - start
            print(f"{count} shards   {seconds:6.1f} s  {alone / seconds:.2f} times as fast as cox alone", flush=True)
    ray.shutdown()
    nodes.shutdown()


if __name__ == "__main__":
    main()
