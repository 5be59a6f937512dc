"""What `cox export` writes, read by the real packages: pandas, pyarrow, datasets, TRL's data utilities, inspect_ai.

A test is skipped where its package is missing. TRL itself needs torch; of it only `trl.data_utils` runs here, which
decides what trainers take, with a chat template of one's own in place of a tokenizer.
"""

from __future__ import annotations

import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import types
import zipfile
from typing import Any

import pytest

from tests.conftest import WORLDS
from tests.model_server import model_server
from tests.test_store import configuration


class Made:
    """A store with rollouts of an order desk and a steered run, and `cox` on it."""

    def __init__(self, cox: str, folder: pathlib.Path) -> None:
        self.cox = cox
        self.folder = folder

    def run(self, *arguments: str, status: int = 0, store: str = "s.sqlite", **variables: str) -> str:
        """Standard output, or standard error where another status is expected."""
        done = subprocess.run(
            [self.cox, *arguments, "--store", store, "--quiet"], cwd=self.folder, capture_output=True, text=True,
            timeout=120, env={**os.environ, **variables})
        assert done.returncode == status, done.stderr
        return done.stderr if status else done.stdout

    def lines(self, *arguments: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.run("export", *arguments).splitlines()]

    @property
    def runs(self) -> list[dict[str, Any]]:
        """The newest first."""
        found: list[dict[str, Any]] = json.loads(self.run("show", "--json", "-"))
        return found


@pytest.fixture(scope="module")
def made(cox: str, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("exported")
    made = Made(cox, folder)
    with model_server() as url:
        file = configuration(folder, url)
        made.run("collect", "--rollouts", "4", "--config", file)
        made.run("steer", "--method", "amc", "--critic", "constant", "--resample", "steps:2", "--config", file)
        pathlib.Path(file).rename(folder / "orders.yaml")
        tally = configuration(folder, url, kind="process", command=[sys.executable, str(WORLDS), "Tally"])
        made.run("collect", "--rollouts", "3", "--split", "test", "--config", tally)
        pathlib.Path(tally).rename(folder / "tally.yaml")
    return made


def test_json_lines_in_pandas(made: Made) -> None:
    pandas = pytest.importorskip("pandas")
    path = made.folder / "all.jsonl"
    made.run("export", "--format", "jsonl", "--out", str(path), "--standing", "all")
    frame = pandas.read_json(path, lines=True)
    assert set(frame.standing.str.split().str[0]) <= {"final", "banked", "culled"} and frame.id.is_unique
    assert frame[frame.verb == "collect"].groupby("task").size().max() == 4
    first = frame.iloc[0]
    assert abs(sum(step["reward"] for step in first.steps) - first.reward) < 1e-9
    assert first.messages[0]["role"] == "system" and first.messages[first.places[0]]["role"] == "assistant"
    steered = frame[frame.verb == "steer"]
    assert any(step["value"] is not None for step in steered.iloc[0].steps)


def test_parquet(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    pandas = pytest.importorskip("pandas")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = made.folder / "all.parquet"
    # A module in the working folder is not the package.
    (made.folder / "pyarrow.py").write_text("raise SystemExit('taken from the working folder')")
    # The environment of these tests has the package.
    made.run("export", "--format", "parquet", "--out", str(path), COXSWAIN_VENV=sys.prefix)
    lines = made.lines("--format", "jsonl")
    schema = parquet.read_schema(path)
    assert str(schema.field("seed").type) == "uint64" and str(schema.field("reward").type) == "double"
    assert "role: string" in str(schema.field("messages").type)
    rows = parquet.read_table(path).to_pylist()
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        assert row["id"] == line["id"] and row["reward"] == line["reward"] and row["seed"] == line["seed"]
        assert dict(row["rewards"]) == line["rewards"] and row["usage"] == line["usage"]
        for step, other in zip(row["steps"], line["steps"], strict=True):
            assert step["prompt"]["kept"] == other["prompt"]["kept"] and step["usage"] == other["usage"]
        said = [{key: value for key, value in message.items() if value is not None} for message in row["messages"]]
        assert said == line["messages"]
    frame = pandas.read_parquet(path)
    assert frame.reward.mean() == pytest.approx(sum(line["reward"] for line in lines) / len(lines))
    assert frame.usage[0]["inputTokens"] == lines[0]["usage"]["inputTokens"]
    # A file that exists is kept without --force. The error names the package that Python lacks.
    assert "exists" in made.run("export", "--format", "parquet", "--out", str(path), status=2)
    bare = made.folder / "bare"
    (bare / "bin").mkdir(parents=True)
    (bare / "bin" / "python").write_text(f"#!/bin/sh\nexec {sys.executable} -S -I \"$@\"\n")
    (bare / "bin" / "python").chmod(0o755)
    said = made.run(
        "export", "--format", "parquet", "--out", str(path), "--force", status=2, COXSWAIN_VENV=str(bare))
    assert "pyarrow" in said and "jsonl" in said
    assert parquet.read_metadata(path).num_rows == len(lines) and not path.with_suffix(".parquet.partial").exists()


class Template:
    """What TRL asks of a tokenizer."""

    def apply_chat_template(
        self, messages: list[dict[str, Any]], tools: Any = None, tokenize: bool = False,
        add_generation_prompt: bool = False, **_: Any,
    ) -> str:
        said = "".join(f"<{each['role']}>{each['content']}</>" for each in messages)
        return said + ("<assistant>" if add_generation_prompt else "")


def trl_data_utils(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module `trl.data_utils` without the rest of TRL, which needs torch."""
    found = importlib.util.find_spec("trl")
    if found is None or not found.submodule_search_locations:
        pytest.skip("trl is not installed")
    stub = types.ModuleType("transformers")
    stub.PreTrainedTokenizerBase = stub.ProcessorMixin = object  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "transformers", stub)
    path = pathlib.Path(found.submodule_search_locations[0]) / "data_utils.py"
    spec = importlib.util.spec_from_file_location("trl_data_utils", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


KEYS = {"sft": {"messages"}, "dpo": {"prompt", "chosen", "rejected"}, "kto": {"prompt", "completion", "label"}}


@pytest.mark.parametrize("trainer", list(KEYS))
def test_trl(made: Made, trainer: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    out = tmp_path / trainer
    made.run("export", "--format", "trl", "--trl", trainer, "--out", f"{out}/")
    files = {path.stem: str(path) for path in out.iterdir()}
    assert set(files) == {"train", "test"}
    splits = datasets.load_dataset("json", data_files=files, cache_dir=str(tmp_path / "cache"))
    # How many pairs there are depends on which rollouts of a task differ, and with them on the order of the answers.
    examples = datasets.concatenate_datasets(list(splits.values()))
    assert set(examples.column_names) == KEYS[trainer] and len(examples) > 2
    utilities = trl_data_utils(monkeypatch)
    for example in examples:
        assert utilities.is_conversational(example)
        texts = utilities.apply_chat_template(example, Template())
        if trainer == "sft":
            assert texts["text"].startswith("<system>") and texts["text"].endswith("</>")
            continue
        assert example["prompt"][-1]["role"] == "user" and texts["prompt"].endswith("<assistant>")
        if trainer == "dpo":
            assert example["chosen"][0]["role"] == example["rejected"][0]["role"] == "assistant"
            assert texts["chosen"] != texts["rejected"]
        else:
            assert isinstance(example["label"], bool) and texts["completion"]
    if trainer == "dpo":
        unpaired = utilities.unpair_preference_dataset(examples)
        assert len(unpaired) == 2 * len(examples) and set(unpaired.column_names) == KEYS["kto"]


def test_what_is_refused(made: Made) -> None:
    # In place of a device, which an error here would replace.
    os.mkfifo(made.folder / "pipe")
    cases = [
        ([], "Give --format"), (["--format", "xml"], "xml"),
        (["--format", "jsonl", "--trl", "sft"], "belong to --format trl"),
        (["--format", "trl", "--next"], "--trl dpo"),
        (["--format", "trl", "--trl", "dpo", "--threshold", "1"], "sft and kto"),
        (["--format", "cassette"], "needs --out"), (["--cassette", "c", "--out", "d"], "leave --format and --out out"),
        (["--format", "jsonl", "--json", "-"], "standard output"),
        (["--format", "jsonl", "--run", "zzz"], "no run's id"),
        (["--format", "jsonl", "--standing", "dead"], "final, banked, culled or all"),
        (["--format", "jsonl", "--tasks", "0..<2"], "--config"), (["--format", "inspect"], "FOLDER/"),
        (["--format", "jsonl", "--out", "/dev/null/x"], "/dev/null/x"),
        (["--format", "jsonl", "--out", "pipe", "--force"], "no regular file"), (["--cassette", "pipe"], "no regular file"),
    ]
    for arguments, said in cases:
        assert said in made.run("export", *arguments, status=2), arguments
    assert "no store" in made.run("export", "--format", "jsonl", status=2, store="none.sqlite")
    assert not (made.folder / "none.sqlite").exists()
    numbered = made.lines("--format", "jsonl", "--tasks", "1,0", "--config", "orders.yaml")
    assert {line["task"] for line in numbered} == {"order-1-0", "order-1-1"}
    priced = json.loads((made.folder / "orders.yaml").read_text())
    priced["policy"]["pricing"] = {"inputPerMillion": 1e6}
    (made.folder / "priced.yaml").write_text(json.dumps(priced))
    line = made.lines("--format", "jsonl", "--config", "priced.yaml")[0]
    assert line["usage"]["cost"] == pytest.approx(line["usage"]["inputTokens"])
    cassette = ["export", "--format", "cassette", "--out", "c.jsonl", "--config", "orders.yaml"]
    made.run(*cassette)
    assert "exists" in made.run(*cassette, status=2)
    assert "pyarrow" in made.run("doctor", "--config", "orders.yaml")


def imported(made: Made, file: str, store: str, *more: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(made.run(
        "import", file, "--config", "orders.yaml", "--json", "-", *more, store=store, COXSWAIN_VENV=sys.prefix))
    return report


@pytest.mark.parametrize("ending", ["eval", "json"])
def test_inspect_logs(made: Made, ending: str) -> None:
    log = pytest.importorskip("inspect_ai.log")
    run = next(run for run in made.runs if run["verb"] == "collect" and run["environment"]["kind"] == "orders")
    path = made.folder / f"log.{ending}"
    made.run("export", "--format", "inspect", "--run", run["run"], "--out", str(path))
    lines = made.lines("--format", "jsonl", "--run", run["run"])
    read = log.read_eval_log(str(path))
    assert read.status == "success" and len(read.samples) == len(lines) == 16
    mean = sum(line["reward"] for line in lines) / len(lines)
    assert read.results.scores[0].metrics["mean"].value == pytest.approx(mean)
    assert log.read_eval_log(str(path), header_only=True).results.total_samples == 16
    # What `inspect view` lists.
    summaries = log.read_eval_log_sample_summaries(str(path))
    assert len(summaries) == 16 and summaries[0].scores["reward"].value == lines[0]["reward"]
    for line in lines:
        sample = log.read_eval_log_sample(str(path), id=line["task"], epoch=line["particle"] + 1)
        assert sample.scores["reward"].value == line["reward"] and sample.uuid == line["id"]
        assert [message.content for message in sample.messages[:-1]] == [m["content"] for m in line["messages"]]
        usage = sample.model_usage[line["policy"]]
        assert usage.output_tokens == line["usage"]["outputTokens"]
        # What `inspect view` shows as turns, and what is read back.
        assert [event.event for event in sample.events] == ["model", "info"] * len(line["steps"])
        for event, place in zip(sample.events[::2], line["places"], strict=True):
            assert event.output.completion == line["messages"][place]["content"]
            assert [each.content for each in event.input] == [each["content"] for each in line["messages"][:place]]
    # As inspect_ai itself writes it: with Zstandard, or with indentation.
    own = made.folder / f"own.{ending}"
    log.write_eval_log(read, str(own))
    if ending == "eval":
        assert 93 in {entry.compress_type for entry in zipfile.ZipFile(own).infolist()}
    for file in (path, own):
        store = f"{file.stem}-{ending}.sqlite"
        assert imported(made, file.name, store)["files"][0]["added"] == 16
        assert imported(made, file.name, store)["files"][0]["known"] == 16
        again = [json.loads(line) for line in made.run("export", "--format", "jsonl", store=store).splitlines()]
        # Prompts and usage of single steps, and the run's name, are not in a log.
        kept = set(lines[0]) - {"id", "run", "verb", "steps", "usage", "isAsSent"}
        for line, other in zip(lines, again, strict=True):
            assert {key: line[key] for key in kept} == {key: other[key] for key in kept}
            assert line["usage"]["inputTokens"] == other["usage"]["inputTokens"]
            for step, twin in zip(line["steps"], other["steps"], strict=True):
                assert {**step, "prompt": None, "usage": None} == {**twin, "prompt": None, "usage": None}


def test_a_log_of_failures_and_strange_names_in_inspect(made: Made, cox: str, tmp_path: pathlib.Path) -> None:
    log = pytest.importorskip("inspect_ai.log")
    other = Made(cox, tmp_path)
    (tmp_path / "c.yaml").write_text((made.folder / "orders.yaml").read_text())
    hard = {"role": "assistant", "content": "no </script> \u001b[2J \U0001f9f5"}
    rows = [
        {"task": "../../etc/a", "messages": [{"role": "user", "content": "q"}, hard], "reward": 0.5, "run": "e" * 32},
        {"task": "b\\c\n", "messages": [{"role": "user", "content": "q"}, hard], "run": "e" * 32,
         "failure": {"kind": "noAnswer", "text": "it hung"}},
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)))
    other.run("import", "in.jsonl", "--config", "c.yaml")
    other.run("export", "--format", "inspect", "--failed", "--out", "x.eval")
    assert all(".." not in name.split("/") for name in zipfile.ZipFile(tmp_path / "x.eval").namelist())
    samples = log.read_eval_log(str(tmp_path / "x.eval")).samples
    assert [sample.id for sample in samples] == ["../../etc/a", "b\\c\n"]
    assert samples[0].output.completion == hard["content"] and samples[1].error.message == "it hung"
    # Fewer bytes than there were.
    whole = (tmp_path / "x.eval").read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 5):
        (tmp_path / "cut.eval").write_bytes(whole[:length])
        said = other.run("import", "cut.eval", "--config", "c.yaml", status=2)
        assert "cut.eval" in said and ("truncated" in said or "empty" in said or "neither" in said)


def test_imported_rollouts_train_and_plan_alike(made: Made, tmp_path: pathlib.Path) -> None:
    """Training, diagnosis and a plan give the same figures on what was exported and imported again."""
    made.run("export", "--format", "jsonl", "--out", "rollouts.jsonl", "--force")
    (tmp_path / "second").mkdir()
    store = str(tmp_path / "second" / "s.sqlite")
    report = imported(made, "rollouts.jsonl", store)
    assert report["prior"] == 16 and report["otherWorld"] == 6
    own = tmp_path / "first"
    own.mkdir()
    for suffix in ("", "-wal"):
        source = pathlib.Path(f"{made.folder}/s.sqlite{suffix}")
        if source.exists():
            (own / f"s.sqlite{suffix}").write_bytes(source.read_bytes())
    commands = [
        ["train"], ["diagnose"], ["plan", "--temperatures", "0.05", "--work", "2000", "--critic", "constant"]]
    for command in commands:
        results = []
        for place in (str(own / "s.sqlite"), store):
            result = json.loads(made.run(*command, "--config", "orders.yaml", "--json", "-", store=place))
            for key in ("seconds", "critic", "plan"):
                result.pop(key, None)
            results.append(json.loads(json.dumps(result).replace(str(own), "").replace(str(tmp_path / "second"), "")))
        assert results[0] == results[1], command
