"""The files of Examples/Clusters: their syntax, and the scripts in them with the real `cox`."""

from __future__ import annotations

import json
import os
import pathlib
import re
import signal
import subprocess
import time
from typing import Any

import pytest

from tests.conftest import REPOSITORY
from tests.results import lasting
from tests.seeded_server import SeededServer, seeded_server

CLUSTERS = REPOSITORY / "Examples" / "Clusters"

pytestmark = pytest.mark.skipif(not CLUSTERS.exists(), reason="the package is tested without the repository")

SHARDS = 3


def configure(folder: pathlib.Path, server: SeededServer) -> None:
    (folder / "c.yaml").write_text(json.dumps({
        "environment": {"kind": "orders", "tasks": {"test": "0..<8"}},
        "policy": {
            "kind": "openai", "api": "text", "url": server.url, "model": "m", "format": "plain", "maxTokens": 8,
            "concurrency": 2, "samplesPerCall": 1},
        "steering": {"particles": 4, "answer": "sample"}}))


def submit(cox: str, folder: pathlib.Path, number: int) -> subprocess.Popen[str]:
    """Runs one task of the array as Slurm does."""
    programs = folder / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "scontrol").write_text(f"#!/bin/sh\necho \"$@\" >>{folder}/scontrol.txt\n")
    (programs / "scontrol").chmod(0o755)
    return subprocess.Popen(
        ["bash", str(CLUSTERS / "slurm.sh"), "compare", "--methods", "single,best-of"], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, env={
            **os.environ, "COX": cox, "COX_FOLDER": str(folder), "COX_SHARDS": str(SHARDS), "SLURM_ARRAY_JOB_ID": "7",
            "SLURM_ARRAY_TASK_ID": str(number), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"})


def test_slurm(cox: str, tmp_path: pathlib.Path) -> None:
    subprocess.run(["bash", "-n", str(CLUSTERS / "slurm.sh")], check=True)
    with seeded_server() as server:
        configure(tmp_path, server)
        done = submit(cox, tmp_path, 0)
        said, _ = done.communicate(timeout=60)
        assert done.returncode == 1 and "Shard 1/3 has no store" in said
        # Its time is over in the middle; it is submitted again.
        server.delay = 0.1
        first = submit(cox, tmp_path, 1)
        while server.total < 6:
            time.sleep(0.01)
        first.send_signal(signal.SIGTERM)
        said, _ = first.communicate(timeout=60)
        assert first.returncode != 0 and (tmp_path / "scontrol.txt").read_text() == "requeue 7_1\n", said
        server.delay = 0
        for number in (1, 2, 3, 0):
            done = submit(cox, tmp_path, number)
            said, _ = done.communicate(timeout=60)
            assert done.returncode == 0, said
        assert server.total == 8 * 4 * 5 and server.repeated == 0
        subprocess.run(
            [cox, "compare", "--methods", "single,best-of", "--config", "c.yaml", "--store", "whole.sqlite", "--json",
             "whole.json", "--quiet"], cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)
    results = [json.loads((tmp_path / name).read_text()) for name in ("result.json", "whole.json")]
    assert lasting(results[0]) == lasting(results[1])


def documents() -> list[dict[str, Any]]:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    return list(yaml.safe_load_all((CLUSTERS / "kubernetes.yaml").read_text()))


def test_kubernetes_by_its_schema() -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    for document in documents():
        validate.validate(document, validate.latest_version(), strict=True)


def test_kubernetes(cox: str, tmp_path: pathlib.Path) -> None:
    claim, shards, merge = documents()
    assert claim["kind"] == "PersistentVolumeClaim" and claim["spec"]["accessModes"] == ["ReadWriteMany"]
    for job in (shards, merge):
        assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
        pod = job["spec"]["template"]["spec"]
        assert pod["restartPolicy"] == "Never"
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        assert volumes["stores"]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
        (container,) = pod["containers"]
        assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
        assert {variable["valueFrom"]["secretKeyRef"]["name"] for variable in container["env"]} == {"coxswain"}
    spec = shards["spec"]
    assert spec["completionMode"] == "Indexed" and spec["completions"] == spec["parallelism"]
    rules = spec["podFailurePolicy"]["rules"]
    assert rules[0]["onExitCodes"]["containerName"] == shards["spec"]["template"]["spec"]["containers"][0]["name"]
    assert merge["spec"]["suspend"] is True
    scripts = [job["spec"]["template"]["spec"]["containers"][0]["args"][0] for job in (shards, merge)]
    assert f'--shard "$number/{spec["completions"]}"' in scripts[0]
    commands = [
        re.search(r"exec cox (compare .*?) --config", script.replace("\\\n", " ")).group(1)  # type: ignore[union-attr]
        for script in scripts]
    assert commands[0] == commands[1]
    with seeded_server() as server:
        configure(tmp_path, server)
        (tmp_path / "programs").mkdir()
        (tmp_path / "programs" / "cox").symlink_to(cox)
        for index, script in [(0, scripts[0]), (1, scripts[0]), (0, scripts[1])]:
            script = script.replace("/stores", f"{tmp_path}/stores").replace("/configuration/", f"{tmp_path}/")
            # Two shards, and methods that need no critic.
            script = script.replace("/16", "/2").replace("best-of,amc", "single,best-of")
            done = subprocess.run(
                ["bash", "-c", script], capture_output=True, text=True, timeout=120, env={
                    **os.environ, "JOB_COMPLETION_INDEX": str(index),
                    "PATH": f"{tmp_path}/programs{os.pathsep}{os.environ['PATH']}"})
            assert done.returncode == 0, done.stderr
        assert server.total == 8 * 4 * 5 and server.repeated == 0
    assert json.loads((tmp_path / "stores" / "result.json").read_text())["methods"][1]["tasks"] == 8
