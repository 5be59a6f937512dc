"""`cox serve`, asked by the real `openai` client."""

from __future__ import annotations

import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.seeded_server import SeededServer, seeded_server

openai = pytest.importorskip("openai")

KEY = "key-of-the-test"
USER = [{"role": "user", "content": "go"}]


class Served:
    """A running `cox serve`."""

    def __init__(self, process: subprocess.Popen[str], url: str, folder: pathlib.Path) -> None:
        self.process, self.url, self.folder = process, url, folder
        self.port = int(url.split(":")[2].split("/")[0])
        self.client = openai.OpenAI(base_url=url, api_key=KEY, timeout=60, max_retries=0)

    def ask(self, task: str | None = None, text: str = "go", **more: Any) -> Any:
        """The completion of one request."""
        if task is not None:
            more["metadata"] = {"task": task}
        return self.client.chat.completions.create(
            model="any", messages=[{"role": "user", "content": text}], **more)

    def health(self) -> dict[str, Any]:
        status, body = self.raw("GET", "/health")
        assert status == 200
        return dict(body)

    def raw(
        self, method: str, path: str, body: bytes | None = None, key: str | None = KEY, **headers: str
    ) -> tuple[int, Any]:
        """A request that no client would send."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text) if text else None

    def stop(self, number: int = signal.SIGTERM) -> str:
        """Ends it, and returns what it wrote to standard error."""
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == (-9 if number == signal.SIGKILL else 0), errors
        self.output = output
        return errors


@contextlib.contextmanager
def served(cox: str, folder: pathlib.Path, *arguments: str) -> Iterator[Served]:
    """Starts `cox serve` in a folder that has a c.yaml."""
    with open(folder / "errors.txt", "a") as errors:
        process = subprocess.Popen(
            [cox, "serve", "--config", "c.yaml", "--port", "0", "--api-key-variable", "COX_TEST_KEY", *arguments],
            cwd=folder, env={**os.environ, "COX_TEST_KEY": KEY}, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        assert process.stdout
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+/v1", line):
                yield Served(process, found[0], folder)
                return
        raise AssertionError((folder / "errors.txt").read_text())
    finally:
        process.kill()
        process.communicate()


def errors(folder: pathlib.Path) -> str:
    return (folder / "errors.txt").read_text()


def orders(folder: pathlib.Path, url: str, **steering: Any) -> None:
    policy = {
        "kind": "openai", "api": "text", "url": url, "model": "m", "format": "plain", "maxTokens": 8, "concurrency": 4,
        "samplesPerCall": 1, "pricing": {"inputPerMillion": 1, "outputPerMillion": 2}}
    environment = {"kind": "orders", "tasks": {"train": "300..<303", "test": "0..<8"}}
    (folder / "c.yaml").write_text(json.dumps({
        "environment": environment, "policy": policy,
        "steering": {"method": "best-of", "particles": 4, **steering}}))


AGENT = """
import json, os, sys, urllib.request
task = json.loads(os.environ["COX_TASK"])
messages = [{"role": "user", "content": task["input"]}]
for _ in range(2):
    request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        json.dumps({"model": "m", "messages": messages}).encode(),
        {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "Content-Type": "application/json"})
    message = json.load(urllib.request.urlopen(request, timeout=60))["choices"][0]["message"]
    messages += [message, {"role": "user", "content": "go on"}]
if task["input"] == "break":
    sys.exit("broken on purpose")
print(json.dumps({"reward": int(message["content"]) / 10}))
"""


def agent(folder: pathlib.Path, url: str) -> None:
    (folder / "agent.py").write_text(AGENT)
    (folder / "tasks.jsonl").write_text('{"id": "first", "split": "test", "input": "What is it?"}\n')
    (folder / "c.yaml").write_text(json.dumps({
        "environment": {
            "kind": "agent", "command": [sys.executable, "agent.py"], "tasks": "tasks.jsonl", "processes": 4},
        "policy": {"kind": "openai", "url": url, "model": "m", "concurrency": 4},
        "steering": {"method": "best-of", "particles": 3}}))


@pytest.fixture
def model() -> Iterator[SeededServer]:
    with seeded_server() as server:
        yield server


def test_plain_and_streaming(cox: str, tmp_path: pathlib.Path, model: SeededServer) -> None:
    orders(tmp_path, model.url)
    with served(cox, tmp_path, "--json", "report.json") as server:
        answer = server.ask("order-1-1")
        assert answer.object == "chat.completion" and answer.model == "any"
        choice = answer.choices[0]
        assert choice.finish_reason == "stop" and choice.message.role == "assistant" and choice.message.content
        # Four attempts of five steps.
        assert model.total == 20
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (800, 60)
        details = answer.coxswain
        assert details["task"] == "order-1-1" and details["calls"] == 20 and details["storedCalls"] == 0
        assert details["selectedBy"] == "verifier" and details["answerKind"] == "action" and details["run"]
        assert abs(details["cost"] - (800 + 2 * 60) / 1e6) < 1e-12
        chunks = list(server.ask("order-1-1", stream=True, stream_options={"include_usage": True}))
        assert model.total == 20
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == choice.message.content
        thoughts = "".join(
            getattr(chunk.choices[0].delta, "reasoning_content", None) or "" for chunk in chunks if chunk.choices)
        assert "calls" in thoughts
        assert chunks[-1].usage.prompt_tokens == 800 and chunks[-1].coxswain["storedCalls"] == 20
        assert {chunk.id for chunk in chunks} == {answer.id}
        response = server.client.responses.create(model="any", input="go", metadata={"task": "order-1-1"})
        assert response.output_text == text and response.usage.input_tokens == 800
        with server.client.responses.stream(model="any", input="order-1-1") as stream:
            assert [event.type for event in stream][-1] == "response.completed"
        # Another seed is another population; the same one is the same.
        other = server.ask("order-1-1", seed=7)
        assert other.coxswain["run"] != details["run"] and model.total == 40
        assert server.ask("order-1-1", seed=7).coxswain["storedCalls"] == 20
        # A task by its place in a split, and one that is in no split.
        assert server.ask(text="go", metadata={"split": "test", "task": "2"}).coxswain["task"] == "order-1-2"
        assert server.ask("order-1-5000").coxswain["task"] == "order-1-5000"
        assert [each.id for each in server.client.models.list()] == ["coxswain"]
        assert server.health()["answered"] == 8
        server.stop(signal.SIGINT)
        assert "8 requests answered" in server.output
    report = json.loads((tmp_path / "report.json").read_text())
    # Each answer counts once: order-1-1 with two seeds, and two other tasks.
    assert (report["answered"], report["failed"], report["policyCalls"]) == (8, 0, 80)
    assert abs(report["cost"] - 80 * (40 + 2 * 3) / 1e6) < 1e-12
    assert "200  order-1-1  20 calls" in errors(tmp_path) and KEY not in errors(tmp_path)


def test_steer_and_serve_share_what_is_stored(cox: str, tmp_path: pathlib.Path, model: SeededServer) -> None:
    orders(tmp_path, model.url)
    done = subprocess.run(
        [cox, "steer", "--config", "c.yaml", "--tasks", "order-1-3", "--quiet", "--json", "-"], cwd=tmp_path,
        capture_output=True, check=True, timeout=60)
    row = json.loads(done.stdout)["perTask"][0]
    asked = model.total
    with served(cox, tmp_path) as server:
        answer = server.ask("order-1-3")
        assert answer.choices[0].message.content == row["answer"] and model.total == asked
        assert answer.coxswain["reward"] == row["answerReward"] and "messages" not in answer.coxswain
        whole = server.ask(metadata={"task": "order-1-3", "messages": "true"})
        assert whole.coxswain["messages"] == row["messages"]
        chunks = list(server.ask(metadata={"task": "order-1-3", "messages": "true"}, stream=True))
        assert chunks[-1].coxswain["messages"] == row["messages"]


@pytest.mark.parametrize("method", ["best-of", "amc", "frontier"])
def test_killed_and_started_again(cox: str, tmp_path: pathlib.Path, method: str) -> None:
    arguments = ["--method", method, "--critic", "constant"]
    arguments += ["--resample", "steps:2"] if method == "amc" else ["--calls", "20"] if method == "frontier" else []
    with seeded_server(0.05) as model:
        orders(tmp_path, model.url)
        with served(cox, tmp_path, *arguments) as server:
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                waiting = [pool.submit(server.ask, f"order-1-{number}") for number in range(4)]
                while model.total < 25:
                    time.sleep(0.01)
                server.stop(signal.SIGKILL)
                for each in waiting:
                    with contextlib.suppress(openai.APIConnectionError):
                        each.result()
        with served(cox, tmp_path, *arguments) as server:
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                tasks = [f"order-1-{number}" for number in range(4)]
                first = list(pool.map(server.ask, tasks))
            asked = model.total
            # What was in flight at the kill was asked again, at most.
            assert model.repeated <= 4
            server.stop(signal.SIGKILL)
        with served(cox, tmp_path, *arguments) as server:
            again = [server.ask(task) for task in tasks]
            assert model.total == asked
    for before, after in zip(first, again, strict=True):
        assert before.choices == after.choices
        for key in ("run", "reward", "selectedBy", "calls", "cost"):
            assert before.coxswain[key] == after.coxswain[key]
        assert after.coxswain["storedCalls"] == after.coxswain["calls"]


def test_the_same_at_once_is_one_population(cox: str, tmp_path: pathlib.Path) -> None:
    with seeded_server(0.05) as model:
        orders(tmp_path, model.url)
        with served(cox, tmp_path) as server, concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(server.ask, ["order-1-0"] * 6))
            assert len({each.choices[0].message.content for each in answers}) == 1
            assert model.total == 20 and model.repeated == 0
            server.stop()
            assert "6 requests answered" in server.output and "1 populations" in server.output


def test_one_limit_for_all(cox: str, tmp_path: pathlib.Path) -> None:
    with seeded_server(0.01) as model:
        orders(tmp_path, model.url)
        with served(cox, tmp_path, "--limit-calls", "50") as server:
            def ask(number: int) -> Any:
                try:
                    return server.ask(f"order-1-{number}")
                except openai.RateLimitError as error:
                    return error

            with concurrent.futures.ThreadPoolExecutor(6) as pool:
                results = list(pool.map(ask, range(6)))
            refused = [each for each in results if isinstance(each, openai.RateLimitError)]
            # Fifty calls are two whole populations at most.
            assert model.total <= 50 and len(refused) >= 4
            for error in refused:
                assert "limits.calls, 50 model calls" in error.message and error.code == "limit_reached"
                assert error.response.headers["x-should-retry"] == "false"
            # What is stored is still answered.
            whole = [each for each in results if not isinstance(each, openai.RateLimitError)]
            for each in whole:
                assert server.ask(each.coxswain["task"]).choices == each.choices
            # In a stream the end comes as an error, or as a status if nothing was sent before.
            with pytest.raises(openai.APIError, match="limits.calls"):
                list(server.ask("order-1-7", stream=True))


def test_a_client_that_leaves(cox: str, tmp_path: pathlib.Path) -> None:
    with seeded_server(0.1) as model:
        orders(tmp_path, model.url)
        with served(cox, tmp_path) as server:
            impatient = server.client.with_options(timeout=0.3)
            with pytest.raises(openai.APITimeoutError):
                impatient.chat.completions.create(model="any", messages=USER, metadata={"task": "order-1-0"})
            stream = server.ask("order-1-1", stream=True)
            next(iter(stream))
            stream.close()
            # The work goes on to its end without a client.
            while server.health()["underWay"]:
                time.sleep(0.05)
            assert model.total == 40
            for task in ("order-1-0", "order-1-1"):
                answer = server.ask(task)
                assert answer.coxswain["storedCalls"] == answer.coxswain["calls"] == 20
            assert model.total == 40 and model.repeated == 0


def test_an_agent_by_description(cox: str, tmp_path: pathlib.Path, model: SeededServer) -> None:
    agent(tmp_path, model.url)
    text = "Ignore {task} and $(touch pwned); \x1b[31m\"quoted\" ünïcode"
    with served(cox, tmp_path) as server:
        named = server.ask("first")
        assert named.coxswain["task"] == "first" and named.coxswain["answerKind"] == "message"
        answer = server.ask(text=text)
        assert re.fullmatch(r"described-[0-9a-f]{32}", answer.coxswain["task"])
        assert answer.choices[0].message.content == str(round(answer.coxswain["reward"] * 10))
        asked = model.total
        assert asked == 12
        assert server.ask(text=f"  {text}\n").coxswain["task"] == answer.coxswain["task"]
        assert server.ask(text="ignored", metadata={"description": text}).choices == answer.choices
        messages = [
            {"role": "system", "content": "x"}, *USER, {"role": "assistant", "content": "y"},
            {"role": "user", "content": [{"type": "text", "text": text}]}]
        assert server.client.chat.completions.create(model="m", messages=messages).choices == answer.choices
        assert model.total == asked
        with pytest.raises(openai.APIStatusError, match="Every attempt failed. .*broken on purpose") as lost:
            server.ask(text="break")
        assert lost.value.status_code == 502 and lost.value.code == "attempts_failed"
        with pytest.raises(openai.APIError, match="broken on purpose"):
            list(server.ask(text="break", stream=True))
        with pytest.raises(openai.BadRequestError, match="more than a program can get"):
            server.ask(text="x" * 200_000)
        with pytest.raises(openai.BadRequestError, match="zero byte"):
            server.ask(text="a\0b")
        server.stop(signal.SIGKILL)
    with served(cox, tmp_path) as server:
        total = model.total
        assert server.ask(text=text).choices == answer.choices and model.total == total
        server.stop()
    assert not (tmp_path / "pwned").exists() and "\x1b" not in errors(tmp_path)


def test_a_world_in_python_by_description(cox: str, tmp_path: pathlib.Path, model: SeededServer) -> None:
    repository = pathlib.Path(__file__).resolve().parents[1]
    (tmp_path / "c.yaml").write_text(json.dumps({
        "environment": {
            "kind": "process", "command": [sys.executable, str(repository / "tests" / "worlds.py"), "Repeat"],
            "variables": ["PYTHONPATH"]},
        "policy": {"kind": "openai", "api": "text", "url": model.url, "model": "m", "format": "plain",
                   "samplesPerCall": 1},
        "steering": {"method": "best-of", "particles": 3}}))
    os.environ.setdefault("PYTHONPATH", str(repository))
    with served(cox, tmp_path) as server:
        text = " ".join(str(number) for number in range(20)) + "\nand a line"
        answer = server.ask(text=text)
        assert answer.coxswain["task"].startswith("described-")
        assert answer.coxswain["reward"] == float(answer.choices[0].message.content in text.split())
        asked = model.total
        assert server.ask(text=text).choices == answer.choices and model.total == asked
        assert server.ask("seven").coxswain["task"] == "seven"
        with pytest.raises(openai.NotFoundError, match="seven, five"):
            server.ask("eight")


def test_requests_that_are_refused(cox: str, tmp_path: pathlib.Path, model: SeededServer) -> None:
    orders(tmp_path, model.url)
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    refused: list[tuple[dict[str, Any], int, str]] = [
        ({"metadata": {"task": "no-such-task"}}, 404, "There is no task no-such-task"),
        ({"metadata": {"task": "no\x1b[2Jtask" + "x" * 500}}, 404, "There is no task no [2Jtask"),
        ({"metadata": {"task": ""}}, 400, "metadata.task"),
        ({"metadata": {"split": "tst", "task": "0"}}, 400, "train, validation or test"),
        ({"metadata": {"split": "test"}}, 400, "has 8 tasks"),
        ({"metadata": {"split": "test", "task": "8"}}, 404, "has no task 8"),
        ({}, 400, "makes no task of a text"),
        ({"metadata": {"description": "words"}}, 400, "makes no task of a text"),
        ({"n": 2}, 400, "n is 2"),
        ({"tools": [tool]}, 400, "Tools of the client"),
        ({"response_format": {"type": "json_object"}}, 400, "format"),
        ({"logprobs": True}, 400, "Log-probabilities"),
        ({"stop": ["x"]}, 400, "Stop sequences"),
        ({"frequency_penalty": 1.5}, 400, "frequency_penalty"),
        ({"seed": -1}, 400, "seed is -1"),
    ]
    with served(cox, tmp_path) as server:
        for more, status, words in refused:
            with pytest.raises(openai.APIStatusError) as error:
                server.client.chat.completions.create(model="any", messages=USER, **more)
            assert error.value.status_code == status and words in error.value.message, more
        # What an ordinary client sends along changes nothing.
        server.ask("order-1-0", temperature=0.1, top_p=0.5, max_tokens=5, user="u", n=1, frequency_penalty=0)
        image = [{"type": "image_url", "image_url": {"url": "http://127.0.0.1/x.png"}}]
        picture = json.dumps({"messages": [{"role": "user", "content": image}]}).encode()
        whole = json.dumps({"model": "m", "messages": USER, "metadata": {"task": "order-1-0"}}).encode()
        raw: list[tuple[str, str, bytes | None, int]] = [
            ("POST", "/v1/chat/completions", b"{", 400),
            ("POST", "/v1/chat/completions", b"[]", 400),
            ("POST", "/v1/chat/completions", b"[" * 100_000, 400),
            ("POST", "/v1/chat/completions", b"\xff\xfe", 400),
            ("POST", "/v1/chat/completions", b"", 400),
            ("POST", "/v1/chat/completions", b'{"messages": 3, "metadata": 4}', 400),
            ("POST", "/v1/chat/completions", b'{"messages": [], "metadata": {"task": {"a": 1}}}', 400),
            ("POST", "/v1/chat/completions", picture, 400),
            ("POST", "/v1/chat/completions", b" " * (1 << 21), 413),
            ("GET", "/v1/chat/completions", None, 405),
            ("POST", "/v1/completions", whole, 404),
            ("GET", "/", None, 404),
            ("GET", "/v1/../health", None, 404),
            ("GET", "/v1/models/x", None, 200),
            ("POST", "/chat/completions", whole, 200),
        ]
        for method, path, body, status in raw:
            found, reply = server.raw(method, path, body)
            assert found == status, (path, reply)
            if status != 200:
                assert set(reply["error"]) == {"message", "type", "param", "code"}
        for key in (None, "", "wrong", KEY + "x", KEY[:-1]):
            for method, path in (("POST", "/v1/chat/completions"), ("GET", "/health"), ("GET", "/v1/models")):
                assert server.raw(method, path, whole if method == "POST" else None, key=key)[0] == 401
        # What is no HTTP at all.
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(b"\x16\x03\x01\x00 not http\r\n\r\n")
            connection.settimeout(10)
            connection.recv(1000)
        assert server.health()["underWay"] == 0 and model.total == 20
        server.stop()
    assert "\x1b" not in errors(tmp_path)


def test_the_end(cox: str, tmp_path: pathlib.Path) -> None:
    """A signal refuses new requests; those under way end, or are told to come again after the grace period."""
    with seeded_server(0.2) as model, concurrent.futures.ThreadPoolExecutor(1) as pool:
        orders(tmp_path, model.url)
        with served(cox, tmp_path) as server:
            waiting = pool.submit(server.ask, "order-1-0")
            while model.total < 4:
                time.sleep(0.01)
            server.process.send_signal(signal.SIGTERM)
            while "Stopping" not in errors(tmp_path):
                time.sleep(0.01)
            with pytest.raises(openai.InternalServerError, match="stopping") as refused:
                server.ask("order-1-1")
            assert refused.value.status_code == 503
            assert waiting.result().coxswain["calls"] == 20
            server.process.communicate(timeout=30)
            assert server.process.returncode == 0
        asked = model.total
        with served(cox, tmp_path, "--grace", "0") as server:
            waiting = pool.submit(server.ask, "order-1-2")
            while model.total < asked + 4:
                time.sleep(0.01)
            server.process.send_signal(signal.SIGTERM)
            with pytest.raises(openai.InternalServerError, match="has stopped") as ended:
                waiting.result()
            assert ended.value.status_code == 503
            server.process.communicate(timeout=30)
            assert server.process.returncode == 0
        with served(cox, tmp_path) as server:
            # The calls in flight were stored.
            assert server.ask("order-1-2").coxswain["storedCalls"] >= 4 and model.repeated == 0


def test_bad_use(cox: str, tmp_path: pathlib.Path, model: SeededServer) -> None:
    orders(tmp_path, model.url)

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [cox, "serve", "--config", "c.yaml", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stderr

    assert run("--port", "70000")[0] != 0
    assert run("--grace", "-1")[0] != 0
    status, said = run("--api-key-variable", "NO_SUCH_VARIABLE")
    assert status == 2 and "NO_SUCH_VARIABLE" in said
    with socket.create_server(("127.0.0.1", 0)) as taken:
        status, said = run("--port", str(taken.getsockname()[1]))
        assert status == 2 and "could not be opened" in said and "--port" in said
    # A random key is printed, and is the only one that works.
    process = subprocess.Popen(
        [cox, "serve", "--config", "c.yaml", "--port", "0"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        lines = [process.stdout.readline() for _ in range(3)]
        url, key = (line.split()[-1] for line in lines[1:])
        assert key.startswith("cox-") and len(key) > 30
        client = openai.OpenAI(base_url=url, api_key=key, max_retries=0)
        assert [each.id for each in client.models.list()] == ["coxswain"]
    finally:
        process.kill()
        process.communicate()
