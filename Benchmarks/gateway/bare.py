"""Makes calls with the standard library."""
import json
import os
import sys
import urllib.request

for number in range(int(sys.argv[1])):
    body = {"model": "echo", "messages": [{"role": "user", "content": f"Question {number}"}]}
    request = urllib.request.Request(
        os.environ["OPENAI_BASE_URL"] + "/chat/completions", data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
    with urllib.request.urlopen(request) as reply:
        reply.read()
print(json.dumps({"reward": 1}))
