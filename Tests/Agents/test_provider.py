"""The scripted provider: the same seed gives the same answers, ids aside."""
import json
import os
import sys
import urllib.request

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import scripted_provider  # noqa: E402

QUESTION = [{"role": "user", "content": "What do 3 crates of nails and 2 crates of bolts cost?"}]
TOOLS = [{"type": "function", "function": {"name": name, "parameters": {}}} for name in ("look_up", "add")]


def post(base, path, **body):
    request = urllib.request.Request(base + path, json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


def answers(seed, count=12):
    """What is called first, asked again and again, and the figures of the provider."""
    server = scripted_provider.serve(seed=seed, errors=0.5)
    base = f"http://127.0.0.1:{server.server_port}"
    found = [post(base, "/v1/chat/completions", messages=QUESTION, tools=TOOLS) for _ in range(count)]
    with urllib.request.urlopen(f"{base}/counts", timeout=10) as reply:
        counts = json.load(reply)
    server.shutdown()
    messages = [answer["choices"][0]["message"] for answer in found]
    return [[call["function"] for call in message["tool_calls"]] for message in messages], found, counts


def test_the_seed_decides():
    first, found, counts = answers(1)
    assert first == answers(1)[0]
    assert first != answers(2)[0]
    assert any(answer != first[0] for answer in first)
    assert len({answer["id"] for answer in found}) == len(found)
    assert counts["requests"] == 12 and list(counts["conversations"].values()) == [12]


@pytest.mark.parametrize("prefix", ["/seed/9/v1", "/errors/0.5/seed/9/v1", "/seed/9", "/seed/9/v1/v1"])
def test_prefixes(prefix):
    server = scripted_provider.serve(errors=0.5)
    base = f"http://127.0.0.1:{server.server_port}"
    answer = post(base, f"{prefix}/responses", input="hello")
    assert answer["status"] == "completed" and answer["usage"]["total_tokens"] > 0
    server.shutdown()
