"""The latency of `cox serve` beside `cox steer` on the same tasks, in turns.

    .venv/bin/python Benchmarks/serving/serving.py --cox .build/release/cox --tasks 12 --delay 0.05

The model's server is a double that answers after a fixed delay, so that what is measured is what Coxswain adds. Each of
the two has a store of its own, and does the same tasks; a task is first done with an empty store, and then again from
what is stored. Prints medians and ratios of one run as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "Python"))

from tests.seeded_server import seeded_server  # noqa: E402

KEY = "benchmark"


def configuration(folder: pathlib.Path, url: str, tasks: int) -> None:
    (folder / "c.yaml").write_text(json.dumps({
        "environment": {"kind": "orders", "tasks": {"train": "300..<303", "test": f"0..<{tasks}"}},
        "policy": {
            "kind": "openai", "api": "text", "url": url, "model": "m", "format": "plain", "maxTokens": 8,
            "concurrency": 16, "samplesPerCall": 1},
        "steering": {"method": "best-of", "particles": 8}}))


def steer(cox: str, folder: pathlib.Path, task: str) -> tuple[float, float, str]:
    """Seconds of the whole command, seconds of the run by its own clock, and the answer."""
    start = time.perf_counter()
    done = subprocess.run(
        [cox, "steer", "--config", "c.yaml", "--store", "steer.sqlite", "--tasks", task, "--quiet", "--json", "-"],
        cwd=folder, check=True, capture_output=True)
    seconds = time.perf_counter() - start
    result = json.loads(done.stdout)
    return seconds, result["wallSeconds"], result["perTask"][0]["answer"]


def ask(url: str, task: str) -> tuple[float, str]:
    """Seconds of one request, and the answer."""
    body = json.dumps({"messages": [{"role": "user", "content": "go"}], "metadata": {"task": task}}).encode()
    request = urllib.request.Request(
        f"{url}/chat/completions", body, {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    start = time.perf_counter()
    with opener.open(request, timeout=600) as reply:
        answer = json.load(reply)
    return time.perf_counter() - start, answer["choices"][0]["message"]["content"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cox", default=str(ROOT / ".build" / "release" / "cox"))
    parser.add_argument("--tasks", type=int, default=12)
    parser.add_argument("--delay", type=float, default=0.05, help="seconds of one model call")
    arguments = parser.parse_args()
    arguments.cox = os.path.abspath(arguments.cox)
    times: dict[str, list[float]] = {}
    with seeded_server(arguments.delay) as model, tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        configuration(folder, model.url, arguments.tasks)
        server = subprocess.Popen(
            [arguments.cox, "serve", "--config", "c.yaml", "--store", "serve.sqlite", "--port", "0", "--quiet",
             "--api-key-variable", "SERVING_KEY"],
            cwd=folder, env={**os.environ, "SERVING_KEY": KEY}, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout
            url = next(found[0] for line in server.stdout if (found := re.search(r"http://\S+/v1", line)))
            for stored in ("", ", stored"):
                for number in range(arguments.tasks):
                    task = f"order-1-{number}"
                    whole, run, answer = steer(arguments.cox, folder, task)
                    seconds, served = ask(url, task)
                    assert answer == served, (answer, served)
                    for key, value in (("steer", whole), ("steer, the run alone", run), ("serve", seconds)):
                        times.setdefault(key + stored, []).append(value)
        finally:
            server.terminate()
            server.communicate()
    median = {key: statistics.median(values) for key, values in times.items()}
    print(json.dumps({
        "tasks": arguments.tasks, "delay": arguments.delay,
        "milliseconds": {key: round(value * 1_000, 1) for key, value in median.items()},
        "serve / steer": round(median["serve"] / median["steer"], 3),
        "serve / the run alone": round(median["serve"] / median["steer, the run alone"], 3),
        "serve / steer, stored": round(median["serve, stored"] / median["steer, stored"], 3),
    }, indent=1))


if __name__ == "__main__":
    main()
