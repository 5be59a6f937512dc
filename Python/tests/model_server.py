"""A model's server for tests: chat completions that are drawn at random, from a seed and the question."""

from __future__ import annotations

import hashlib
import json
import random
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    """Answers a question with one of the choices that it states, a call of one of its tools, or a number."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    asked: dict[str, int]

    def log_message(self, *arguments: Any) -> None:
        """Nothing is logged."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        with lock:
            before = self.asked[digest] = self.asked.get(digest, 0) + 1
        generator = random.Random(f"{digest} {before}")
        choices = [
            {"index": number, "finish_reason": "stop", "message": self.message(body, generator)}
            for number in range(body.get("n") or 1)
        ]
        usage = {"prompt_tokens": 40, "completion_tokens": 3 * len(choices), "total_tokens": 40 + 3 * len(choices)}
        data = json.dumps({
            "id": f"chatcmpl-{uuid.uuid4().hex}", "object": "chat.completion", "created": 0, "model": "m",
            "choices": choices, "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def message(self, body: dict[str, Any], generator: random.Random) -> dict[str, Any]:
        """One answer."""
        if tools := body.get("tools"):
            tool = generator.choice(tools)["function"]
            arguments = {name: self.value(kind, generator) for name, kind in tool["parameters"]["properties"].items()}
            call = {
                "id": f"call_{uuid.uuid4().hex[:12]}", "type": "function",
                "function": {"name": tool["name"], "arguments": json.dumps(arguments)}}
            return {"role": "assistant", "content": None, "tool_calls": [call]}
        schema = ((body.get("response_format") or {}).get("json_schema") or {}).get("schema") or {}
        listed = schema.get("properties", {}).get("choice", {}).get("enum")
        text = json.dumps({"choice": generator.choice(listed)}) if listed else str(generator.randrange(10))
        return {"role": "assistant", "content": text}

    def value(self, kind: dict[str, Any], generator: random.Random) -> Any:
        """An argument of a tool."""
        if "enum" in kind:
            return generator.choice(kind["enum"])
        return generator.randrange(10) if kind.get("type") == "integer" else "x"


@contextmanager
def model_server() -> Iterator[str]:
    """The address of a server, with /v1."""
    handler = type("Handler", (Handler,), {"asked": {}})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
