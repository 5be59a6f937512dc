"""Makes calls with the openai client and writes how long each took."""
import json
import os
import sys
import time
import uuid

from openai import OpenAI

client, seconds = OpenAI(), []
messages = [{"role": "system", "content": "You are a clerk. " * 20}]
for number in range(int(sys.argv[1])):
    messages = messages[:1] + [{"role": "user", "content": f"Question {number}: is it so?"}]
    start = time.perf_counter()
    client.chat.completions.create(model="echo", messages=messages)
    seconds.append(time.perf_counter() - start)
with open(os.path.join(os.environ["BENCH_TIMES"], f"{uuid.uuid4()}.times"), "w") as file:
    json.dump(seconds, file)
print(json.dumps({"reward": 1}))
