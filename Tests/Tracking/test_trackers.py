"""cox with real trackers: a server of MLflow on loopback, and W&B's package in offline mode. `make test-tracking` runs these tests.

COXSWAIN_COX names the program.
"""

from __future__ import annotations

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from typing import Any

import mlflow
import pytest
from wandb.proto import wandb_internal_pb2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "Python/tests"))
from seeded_server import seeded_server  # noqa: E402

COX = os.environ["COXSWAIN_COX"]
KEY = "0123456789012345678901234567890123456789"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
             "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/artifacts"],
            stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"})
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(url + "/health", timeout=1)
                break
            except OSError:
                time.sleep(0.5)
        mlflow.set_tracking_uri(url)
        # The first span of a model call takes a server seconds: it loads what it needs for tokens and prices.
        span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "warm-up", "kind": 1, "startTimeUnixNano": "1000",
                "endTimeUnixNano": "2000", "attributes": [
                    {"key": key, "value": value} for key, value in {
                        "gen_ai.operation.name": {"stringValue": "chat"}, "gen_ai.request.model": {"stringValue": "m"},
                        "gen_ai.provider.name": {"stringValue": "openai"}, "gen_ai.usage.input_tokens": {"intValue": "1"},
                        "gen_ai.usage.output_tokens": {"intValue": "1"}}.items()]}
        body = {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"scope": {"name": "x"}, "spans": [span]}]}]}
        experiment = mlflow.create_experiment("warm-up")
        urllib.request.urlopen(urllib.request.Request(
            url + "/v1/traces", json.dumps(body).encode(),
            {"Content-Type": "application/json", "x-mlflow-experiment-id": experiment}), timeout=120).read()
        yield url
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def configuration(folder: pathlib.Path, url: str, tracking: dict[str, Any], tasks: int = 6) -> str:
    file = folder / "c.yaml"
    file.write_text(json.dumps({
        "environment": {"kind": "orders", "tasks": {"train": f"300..<{300 + tasks}", "test": f"0..<{tasks}"}},
        "policy": {"kind": "openai", "api": "text", "url": url, "model": "m", "format": "plain", "maxTokens": 8,
                   "samplesPerCall": 1},
        "steering": {"particles": 3, "answer": "sample"}, "tracking": tracking}))
    return str(file)


def cox(folder: pathlib.Path, *arguments: str, status: int = 0, **variables: str) -> tuple[dict[str, Any], str]:
    run = subprocess.run(
        [COX, *arguments, "--config", "c.yaml", "--store", "s.sqlite", "--json", "-"], cwd=folder, text=True,
        capture_output=True, timeout=300, env={**os.environ, **variables})
    assert run.returncode == status, run.stderr
    return (json.loads(run.stdout) if run.stdout else {}), run.stderr


def test_mlflow(server: str, tmp_path: pathlib.Path) -> None:
    with seeded_server() as model:
        configuration(tmp_path, model.url, {
            "mlflow": {"url": server, "experiment": "orders"},
            "otel": {"url": server, "headersVariable": "HEADERS", "sample": 1, "content": True}})
        headers = {"HEADERS": "x-mlflow-experiment-id=0"}
        cox(tmp_path, "doctor", **headers)
        cox(tmp_path, "collect", "--rollouts", "4", **headers)
        cox(tmp_path, "train", **headers)
        # Stopped by a limit, and continued.
        _, said = cox(tmp_path, "steer", "--method", "best-of", "--limit-calls", "50", status=3, **headers)
        assert "tracking." not in said, said
        result, said = cox(tmp_path, "steer", "--method", "best-of", **headers)
        assert "tracking." not in said, said
        cox(tmp_path, "compare", "--methods", "single,amc", "--critic", "constant", "--resample", "steps:2", **headers)
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("orders")
    runs = client.search_runs([experiment.experiment_id])
    assert Counter(run.data.tags["coxswain.verb"] for run in runs) == {"collect": 1, "train": 1, "steer": 1, "compare": 2}
    assert all(run.info.status == "FINISHED" for run in runs)
    steer = next(run for run in runs if run.data.tags["coxswain.verb"] == "steer")
    assert steer.data.params["method"] == "best-of" and steer.data.params["particles"] == "3"
    assert steer.data.metrics["rewardBest"] == pytest.approx(result["rewardBest"]["mean"])
    history = client.get_metric_history(steer.info.run_id, "task/rewardBest")
    assert sorted(metric.step for metric in history) == list(range(6))
    assert sum(metric.value for metric in history) / 6 == pytest.approx(result["rewardBest"]["mean"])
    page = client.download_artifacts(steer.info.run_id, "report.html", str(tmp_path))
    assert pathlib.Path(page).read_text().lower().startswith("<!doctype html>")
    train = next(run for run in runs if run.data.tags["coxswain.verb"] == "train")
    assert train.data.metrics["rollouts"] > 0

    traces = mlflow.search_traces(locations=["0"], return_type="list")
    spans = {trace.info.trace_id: trace.data.spans for trace in traces}
    roots = [span for own in spans.values() for span in own if span.parent_id is None]
    assert {root.name.split()[0] for root in roots} == {"collect", "steer", "compare"}, [root.name for root in roots]
    for own in spans.values():
        ids = {span.span_id for span in own}
        assert len(ids) == len(own) and all(span.parent_id in ids for span in own if span.parent_id)
    kinds = Counter(span.span_type for own in spans.values() for span in own)
    assert kinds["LLM"] == kinds["TOOL"] > 0 and kinds["AGENT"] > 0, kinds
    asked = next(span for own in spans.values() for span in own if span.span_type == "LLM")
    assert asked.attributes["mlflow.chat.tokenUsage"] == {"input_tokens": 40, "output_tokens": 3, "total_tokens": 43}


def test_server_that_ends(server: str, tmp_path: pathlib.Path) -> None:
    """A server that stops answering while a run goes on."""
    with socket.socket() as silent, seeded_server() as model:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        configuration(tmp_path, model.url, {"mlflow": url, "otel": url})
        start = time.monotonic()
        result, said = cox(tmp_path, "steer", "--method", "best-of")
        assert result["tasks"] == 6 and "tracking.mlflow: " in said and time.monotonic() - start < 60


def records(file: pathlib.Path) -> list[Any]:
    """The records of a file of an offline run: blocks as in LevelDB's log, after a header of 7 bytes."""
    data, place, found, parts = file.read_bytes(), 7, [], b""
    while place + 7 <= len(data):
        if 32_768 - place % 32_768 < 7:
            place += 32_768 - place % 32_768
            continue
        length, kind = int.from_bytes(data[place + 4:place + 6], "little"), data[place + 6]
        parts += data[place + 7:place + 7 + length]
        place += 7 + length
        if kind in (1, 4):
            found.append(wandb_internal_pb2.Record.FromString(parts))
            parts = b""
    return found


def test_wandb_offline(tmp_path: pathlib.Path) -> None:
    with seeded_server() as model:
        configuration(tmp_path, model.url, {
            "wandb": {"project": "orders", "mode": "offline", "python": sys.executable, "apiKeyVariable": "MY_KEY"}})
        result, said = cox(
            tmp_path, "compare", "--methods", "single,best-of", MY_KEY=KEY, OTHER_TOKEN="another-secret")
        assert "tracking." not in said, said
    found = sorted((tmp_path / "wandb").glob("offline-run-*/run-*.wandb"))
    assert len(found) == 2
    methods = {}
    for file in found:
        own = records(file)
        config: dict[str, Any] = {}
        summary: dict[str, Any] = {}
        steps: list[dict[str, Any]] = []
        artifacts = []
        for record in own:
            for item in [*record.run.config.update, *record.config.update]:
                config[item.key or item.nested_key[0]] = json.loads(item.value_json)
            for item in record.summary.update:
                summary[item.key or item.nested_key[0]] = json.loads(item.value_json)
            if record.HasField("history"):
                steps.append({
                    item.key or item.nested_key[0]: json.loads(item.value_json) for item in record.history.item})
            # An artifact is an operation or a request, by the version.
            if b"report-" in record.SerializeToString() and b"report.html" in record.SerializeToString():
                artifacts.append(record)
        assert sorted(step["task/number"] for step in steps) == list(range(6))
        methods[config["method"]] = (summary, steps)
        assert artifacts or any(file.parent.rglob("report.html")), file
        assert summary["coxswain/tasks"] == "0-5" and summary["coxswain/status"] == "finished"
    best = next(own for own in result["methods"] if own["method"] == "best-of")
    summary, steps = methods["best-of"]
    assert summary["rewardBest"] == pytest.approx(best["rewardBest"]["mean"])
    assert sum(step["task/rewardBest"] for step in steps) / 6 == pytest.approx(best["rewardBest"]["mean"])
    for file in tmp_path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert KEY.encode() not in content and b"another-secret" not in content, file


def test_wandb_without_a_server(tmp_path: pathlib.Path) -> None:
    with seeded_server() as model:
        configuration(tmp_path, model.url, {"wandb": {"project": "orders", "python": sys.executable}})
        start = time.monotonic()
        result, said = cox(
            tmp_path, "steer", "--method", "best-of", WANDB_BASE_URL="http://127.0.0.1:9", WANDB_API_KEY=KEY)
        assert result["tasks"] == 6 and time.monotonic() - start < 90
        assert "tracking.wandb: " in said and "were dropped" in said and KEY not in said, said
