"""An agent: three times it asks its model for a number, and a tool for a lot with that number. The tool never gives the
same lot twice, and writes down that it ran. With the argument `plain` it is not recorded."""

from __future__ import annotations

import json
import os
import sys
import urllib.request
import uuid
from typing import Any

from coxswain import agent


def draw(number: int) -> str:
    """A lot; it costs a line in a file."""
    with open(os.environ["LOTS"], "a") as lots:
        lots.write(f"{agent.attempt()} {number}\n")
    return f"Lot {uuid.uuid4().hex} for {number}. Give me another number."


if sys.argv[1] != "plain":
    draw = agent.recorded(draw)


def ask(messages: list[dict[str, Any]]) -> str:
    """The model's answer."""
    request = urllib.request.Request(
        f"{os.environ['OPENAI_BASE_URL']}/chat/completions",
        json.dumps({"model": "m", "messages": messages}).encode(),
        {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}", "Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as reply:
        return str(json.load(reply)["choices"][0]["message"]["content"])


messages = [{"role": "user", "content": agent.task()["input"]}]
total = 0.0
for _ in range(3):
    said = ask(messages)
    messages += [{"role": "assistant", "content": said}, {"role": "user", "content": draw(int(said))}]
    total += int(said) / 30
    agent.reward(int(said) / 30, partial=True)
agent.reward(total)
