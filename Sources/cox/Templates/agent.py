"""An agent to start from: it works out a sum with its model, and scores itself. Yours needs nothing of Coxswain.

    python3 agent.py '{"id": "17+25", "answer": 42}'
"""
import json
import os
import re
import sys
import urllib.request

task = json.loads(os.environ.get("COX_TASK") or sys.argv[1])
messages = [
    {"role": "system", "content": "Work out the sum step by step. End with: answer: NUMBER"},
    {"role": "user", "content": task["id"]},
]


def ask():
    """One call of the model, as any client makes it."""
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions",
        data=json.dumps({"model": os.environ.get("MODEL", "any"), "messages": messages, "max_tokens": 64}).encode(),
        headers={"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
    with urllib.request.urlopen(request) as reply:
        return json.loads(reply.read())["choices"][0]["message"]["content"] or ""


found = None
for step in range(3):
    text = ask()
    found = re.search(r"answer:\s*(-?\d+)", text, re.IGNORECASE)
    if found:
        break
    messages += [{"role": "assistant", "content": text}, {"role": "user", "content": "Go on."}]

# The last line with a reward is the score.
right = found is not None and int(found.group(1)) == task["answer"]
print(json.dumps({"reward": 1 if right else 0.2 if found else 0}))
