"""A model's server for tests: answers that depend only on question and seed, and a record of them."""

from __future__ import annotations

import hashlib
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class SeededServer:
    """Answers order forms with one of the listed choices, and sums with a number."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.asked: Counter[str] = Counter()
        """How often each prompt was asked with each seed."""
        self.times: list[float] = []
        self.lock = threading.Lock()
        self.url = ""

    @property
    def total(self) -> int:
        with self.lock:
            return sum(self.asked.values())

    @property
    def repeated(self) -> int:
        """How many questions were asked again."""
        with self.lock:
            return sum(count - 1 for count in self.asked.values())

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        if "messages" in body:
            return self.chat(body)
        assert body.get("n", 1) == 1 and "seed" in body, body
        prompt = str(body["prompt"])
        key = hashlib.sha256(f"{prompt} {body['seed']}".encode()).hexdigest()
        with self.lock:
            self.asked[key] += 1
            self.times.append(time.monotonic())
        time.sleep(self.delay)
        generator = random.Random(key)
        listed = re.findall(r"We have ([^.]+)\.", prompt)
        text = " " + (generator.choice(listed[-1].split(", ")) if listed else str(generator.randrange(40)))
        return {
            "object": "text_completion", "model": "m",
            "choices": [{"index": 0, "text": text, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 40, "completion_tokens": 3, "total_tokens": 43}}


    def chat(self, body: dict[str, Any]) -> dict[str, Any]:
        """An answer to a program: a number that depends on the question and on how often it was asked."""
        key = hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()
        with self.lock:
            self.asked[key] += 1
            self.times.append(time.monotonic())
            draw = random.Random(f"{key} {self.asked[key]}").randrange(1, 11)
        time.sleep(self.delay)
        message = {"role": "assistant", "content": str(draw)}
        return {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": "m",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 40, "completion_tokens": 3, "total_tokens": 43}}


@contextmanager
def seeded_server(delay: float = 0) -> Iterator[SeededServer]:
    """A server on loopback."""
    server = SeededServer(delay)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *arguments: Any) -> None:
            """Nothing is logged."""

        def do_POST(self) -> None:
            try:
                self.reply()
            except ConnectionError:
                # A client may have been killed.
                self.close_connection = True

        def reply(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            data = json.dumps(server.answer(body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{http.server_port}/v1"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
