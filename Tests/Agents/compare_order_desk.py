#!/usr/bin/env python3
"""Compares the requests of the world `orders` with those of Examples/Agents/order_desk.py.

    compare_order_desk.py requests.jsonl [--complete]

The file has a request on each line: its body, or an object with the body under `body` (recorder.py and
scripted_provider.py write it so). The lines may come from the native world, from the agent, or from both. A recorded
request is right if its prompt is one of order_desk.py's, byte for byte, and its grammar and settings are that
prompt's. `seed`, `n` and `model` are not compared. Exit status 1 if a request differs, or if --complete is given and a
request of an order that occurs is missing.
"""
import argparse
import difflib
import json
import os
import sys
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "Examples", "Agents"))

import order_desk  # noqa: E402

SETTINGS = ["max_tokens", "temperature", "stop", "grammar"]
FREE = {"seed", "n", "model", "prompt", "stream", "stream_options"}


def expected():
    """The requests of order_desk.py by prompt, and the order of each."""
    requests, owners = {}, {}
    for name, order in order_desk.orders().items():
        for field in range(len(order_desk.FIELDS)):
            request = order_desk.request(order, field)
            request |= request.pop("extra_body")
            requests[request["prompt"]], owners[request["prompt"]] = request, name
    return requests, owners


def recorded(path):
    """The bodies of the requests in a file; other APIs' are left out."""
    with open(path) as lines:
        for line in map(json.loads, lines):
            body = line.get("body", line)
            body = json.loads(body) if isinstance(body, str) else body
            if "prompt" in body:
                yield body


def nearest(prompt, prompts):
    """A diff with the prompt that is most alike."""
    last = prompt.splitlines()[-1] if prompt else ""
    close = difflib.get_close_matches(last, [text.splitlines()[-1] for text in prompts], 1, 0)
    other = next(text for text in prompts if close and text.splitlines()[-1] == close[0])
    lines = difflib.unified_diff(
        other.splitlines(), prompt.splitlines(), "order_desk.py", "recorded", lineterm="", n=0)
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--complete", action="store_true", help="all five requests of every order that occurs")
    choice = parser.parse_args()
    requests, owners = expected()
    seen, faults = Counter(), []
    for body in recorded(choice.file):
        prompt = body["prompt"]
        if prompt not in requests:
            faults.append(f"An unknown prompt:\n{nearest(prompt, requests)}")
            continue
        seen[prompt] += 1
        wanted = requests[prompt]
        for key in SETTINGS:
            if body.get(key) != wanted[key]:
                faults.append(f"{owners[prompt]}: {key} is {body.get(key)!r}, and {wanted[key]!r} in order_desk.py.")
        for key in body.keys() - FREE - set(SETTINGS):
            faults.append(f"{owners[prompt]}: order_desk.py does not send {key} ({body[key]!r}).")
    found = {owners[prompt] for prompt in seen}
    missing = [prompt for prompt in requests if owners[prompt] in found and prompt not in seen]
    for fault in list(dict.fromkeys(faults))[:10]:
        print(fault)
    print(f"{sum(seen.values())} requests of {len(found)} orders, {len(seen)} different prompts; "
          f"{len(faults)} differences, {len(missing)} prompts of these orders not seen")
    sys.exit(bool(faults) or not seen or (choice.complete and bool(missing)))


if __name__ == "__main__":
    main()
