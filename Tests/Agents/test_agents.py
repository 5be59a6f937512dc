"""Runs the example agents against the scripted provider, and again with their first answers from a record.

    pytest Tests/Agents                # with a Python that has Scripts/requirements-agents.txt
    AGENTS_LARGE=/path/to/venv pytest Tests/Agents     # mini-swe-agent and Inspect, too

A fork answers the first k questions of an agent from a record. It is sound if the agent then asks the same first k + 1
questions. How equal they are is part of what is tested: `bytes`, or `shell` where durations differ.
"""
import json
import os
import re
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
AGENTS = os.path.join(HERE, "..", "..", "Examples", "Agents")
sys.path.insert(0, HERE)

import recorder  # noqa: E402
import scripted_provider  # noqa: E402

LARGE = os.environ.get("AGENTS_LARGE", "")
# Name, module that has to be installed, script and arguments, task.
SMALL = [
    ("chat", "openai", ["chat_tools.py"], "crates-01"),
    ("chat, streamed", "openai", ["chat_tools.py", "--stream"], "crates-02"),
    ("messages", "anthropic", ["messages_tools.py"], "crates-01"),
    ("messages, streamed", "anthropic", ["messages_tools.py", "--stream"], "crates-02"),
    ("OpenAI Agents SDK", "agents", ["openai_agents.py"], "crates-01"),
    ("LangGraph", "langgraph", ["langgraph_agent.py"], "crates-01"),
    ("smolagents", "smolagents", ["smolagents_agent.py"], "crates-01"),
    ("Pydantic AI, chat", "pydantic_ai", ["pydantic_agent.py"], "crates-01"),
    ("Pydantic AI, responses", "pydantic_ai", ["pydantic_agent.py", "--model", "openai:gpt-5"], "crates-01"),
    ("Pydantic AI, messages", "pydantic_ai", ["pydantic_agent.py", "--model", "anthropic:claude-sonnet-5"],
     "crates-01"),
    ("order desk", "openai", ["order_desk.py"], "order-1-200"),
]


def variables(url):
    """What the gateway sets, with a home of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ}
    return kept | {
        "OPENAI_BASE_URL": f"{url}/v1", "OPENAI_API_BASE": f"{url}/v1", "OPENAI_API_KEY": "token",
        "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "token", "OPENAI_AGENTS_DISABLE_TRACING": "1",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True", "MSWEA_CONFIGURED": "true", "MSWEA_SILENT_STARTUP": "1",
        "MSWEA_COST_TRACKING": "ignore_errors", "OTEL_SDK_DISABLED": "true", "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def execute(command, url, folder):
    """The output of a program that has to succeed."""
    place = variables(url) | {"HOME": os.path.join(folder, "..")}
    done = subprocess.run(
        command, env=place, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def reward(output):
    """The last JSON line with a reward."""
    found = None
    for line in output.splitlines():
        if line.startswith("{") and '"reward"' in line:
            found = json.loads(line)["reward"]
    assert found is not None, output[-2000:]
    return found


class Small:
    """A script that scores itself."""

    def __init__(self, arguments, task):
        self.arguments, self.task = arguments, task

    def run(self, url, folder):
        script, *rest = self.arguments
        return reward(execute([sys.executable, os.path.join(AGENTS, script), "--task", self.task, *rest], url, folder))


class MiniSWE:
    """The command `mini` in a copy of the workspace, then the unit tests."""

    task = "durations"

    def run(self, url, folder):
        shutil.copytree(os.path.join(AGENTS, "mini_swe", "workspace"), folder, dirs_exist_ok=True)
        with open(os.path.join(AGENTS, "mini_swe", "tasks.jsonl")) as lines:
            line = next(line for line in map(json.loads, lines) if line["id"] == self.task)
        execute(
            [f"{LARGE}/bin/mini", "-y", "--exit-immediately", "-t", line["input"], "-m", "openai/gpt-4.1-mini",
             "-c", "mini.yaml", "-o", "/dev/null"], url, folder)
        return reward(execute([sys.executable, os.path.join(AGENTS, "mini_swe", "grade.py"), self.task], url, folder))


class Inspect:
    """The command `inspect eval`, then the score in its log."""

    def run(self, url, folder):
        execute(
            [f"{LARGE}/bin/inspect", "eval", os.path.join(AGENTS, "inspect_task.py") + "@crates", "--model",
             "openai/gpt-4.1-mini", "--sample-id", "crates-01", "--display", "plain", "--log-format", "json",
             "--log-dir", "logs"], url, folder)
        return reward(execute([sys.executable, os.path.join(AGENTS, "inspect_score.py")], url, folder))


def cases():
    for name, module, arguments, task in SMALL:
        yield pytest.param(Small(arguments, task), module, "bytes", id=name)
    has_large = pytest.mark.skipif(not LARGE, reason="AGENTS_LARGE names no environment with the large agents")
    yield pytest.param(MiniSWE(), None, "shell", id="mini-swe-agent", marks=has_large)
    yield pytest.param(Inspect(), None, "bytes", id="Inspect", marks=has_large)


@pytest.fixture(scope="module")
def provider():
    server = scripted_provider.serve(seed=3)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def fresh(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    return str(folder)


# Ids that providers give, as the agents send them back.
IDS = re.compile(
    rb"(?:call|toolu|fc|msg|resp|chatcmpl)[_-][0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f-]{17}")


def renamed(body):
    """The body with its ids numbered by first appearance."""
    names = {}
    return IDS.sub(lambda found: names.setdefault(found[0], b"id%d" % len(names)), body)


def shell(body):
    """The body without ids, dates, durations, temporary paths and repeated spaces."""
    body = re.sub(rb"\d+\.\d+ ?s\b", b"DURATION", renamed(body))
    body = re.sub(rb"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d", b"DATE", body)
    body = re.sub(rb"/tmp/[\w./-]+", b"PATH", body)
    return re.sub(rb" +", b" ", body)


def likeness(one, other):
    """How equal two bodies are: bytes, ids, shell, or none."""
    for name, form in [("bytes", bytes), ("ids", renamed), ("shell", shell)]:
        if form(one) == form(other):
            return name
    return "none"


ORDER = ["bytes", "ids", "shell", "none"]


@pytest.mark.parametrize("agent, module, least", list(cases()))
def test_replay(agent, module, least, provider, tmp_path, record_property):
    if module:
        pytest.importorskip(module)
    server, first = recorder.serve(provider)
    assert 0 <= agent.run(f"http://127.0.0.1:{server.server_port}", fresh(tmp_path, "first")) <= 1
    server.shutdown()
    assert len(first.exchanges) >= 3
    assert all(exchange.status == 200 for exchange in first.exchanges)
    found, last = [], len(first.exchanges) - 1
    for count in sorted({1, 2, min(3, last), last}):
        server, again = recorder.serve(provider, first.exchanges[:count])
        agent.run(f"http://127.0.0.1:{server.server_port}", fresh(tmp_path, f"fork-{count}"))
        server.shutdown()
        pairs = list(zip(first.exchanges[:count + 1], again.exchanges[:count + 1], strict=True))
        assert all(one.path == other.path for one, other in pairs)
        found.append(max((likeness(one.body, other.body) for one, other in pairs), key=ORDER.index))
    print(f"forks at 1, 2, 3 and {last}: {', '.join(found)}")
    record_property("likeness", found)
    assert max(map(ORDER.index, found)) <= ORDER.index(least), found
