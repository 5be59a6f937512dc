#!/usr/bin/env python3
"""A model's provider for tests: no model, but the same APIs, and answers that are sometimes wrong.

    scripted_provider.py --port 8900 --seed 1 --errors 0.15 --log requests.jsonl

It serves /chat/completions, /completions, /responses, /messages, /models and /embeddings, with and without /v1, as JSON
and as streams, and GET /counts. `/seed/7/v1/...` uses seed 7, `/errors/0.5/v1/...` another share of errors.

An answer depends on the conversation, on how often this conversation was asked before, and on the seed. Ids and times
do not count: they differ from call to call, as a real provider's do. What it answers is in scripts.py.
"""
import argparse
import base64
import hashlib
import json
import os
import random
import re
import struct
import sys
import threading
import time
import uuid
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import scripts
from dialects import DIALECTS, BadRequest


class Provider:
    """What is common to all connections."""

    def __init__(self, seed=0, errors=0.15, log=None, latency=0.0, key=None):
        self.seed, self.errors, self.latency, self.key = seed, errors, latency, key
        self.log = open(log, "a") if log else None
        self.lock = threading.Lock()
        self.counts, self.paths, self.streams = Counter(), Counter(), 0

    def asked(self, path, body, digest, stream):
        """Counts and logs a request; returns how often this conversation was asked before."""
        with self.lock:
            before = self.counts[digest]
            self.counts[digest] += 1
            self.paths[path] += 1
            self.streams += stream
            if self.log:
                line = {"time": time.time(), "path": path, "conversation": digest, "asked": before, "body": body}
                self.log.write(json.dumps(line) + "\n")
                self.log.flush()
            return before

    def figures(self):
        with self.lock:
            return {
                "requests": sum(self.paths.values()), "streams": self.streams, "paths": dict(self.paths),
                "conversations": dict(self.counts),
            }

    def answers(self, conversation, before, seed, errors):
        """One answer, or `n` of them."""
        count = conversation.samples
        numbers = [before] if count == 1 else [f"{before}/{place}" for place in range(count)]
        return [
            scripts.answer(conversation, random.Random(f"{seed} {number} {conversation.digest}"), errors)
            for number in numbers
        ]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    provider = None

    def log_message(self, *arguments):
        pass

    def send(self, value, status=200):
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("x-request-id", f"req_{uuid.uuid4().hex}")
        self.end_headers()
        self.wfile.write(data)

    def fail(self, status, message, kind="invalid_request_error"):
        self.send({"type": "error", "error": {"type": kind, "message": message, "code": None, "param": None}}, status)

    def send_stream(self, events):
        """Events are (name or None, JSON or text)."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for name, value in events:
            text = f"event: {name}\n" if name else ""
            text += f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n"
            data = text.encode()
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def route(self):
        """The path without prefixes, the seed and the share of errors."""
        path, seed, errors = self.path.split("?")[0], self.provider.seed, self.provider.errors
        while found := re.match(r"/(seed|errors)/([^/]+)(/.*)", path):
            if found[1] == "seed":
                seed = found[2]
            else:
                errors = float(found[2])
            path = found[3]
        while path.startswith("/v1/"):
            path = path[3:]
        return path, seed, errors

    def is_allowed(self):
        key = self.provider.key
        if key is None or key in (self.headers.get("x-api-key"), self.headers.get("Authorization", "")[7:]):
            return True
        self.fail(401, "Incorrect API key provided.", "authentication_error")
        return False

    def do_GET(self):
        path, _, _ = self.route()
        if path == "/counts":
            self.send(self.provider.figures())
        elif path == "/health":
            self.send({"status": "ok"})
        elif path == "/models" and self.is_allowed():
            model = {"id": "scripted", "object": "model", "created": 0, "owned_by": "tests"}
            self.send({"object": "list", "data": [model]})
        elif path != "/models":
            self.fail(404, f"There is no {path}.", "not_found_error")

    def do_POST(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path, seed, errors = self.route()
        try:
            body = json.loads(data)
            if not isinstance(body, dict):
                raise ValueError("The body is no object.")
        except ValueError as error:
            return self.fail(400, f"We could not parse the JSON body of your request: {error}")
        if not self.is_allowed():
            return
        if path == "/embeddings":
            self.provider.asked(path, body, "embeddings", False)
            return self.send(embeddings(body))
        if path not in DIALECTS:
            return self.fail(404, f"There is no {path}.", "not_found_error")
        dialect = DIALECTS[path]
        try:
            conversation = dialect.read(body)
        except (BadRequest, KeyError, TypeError, AttributeError) as error:
            return self.fail(400, f"The request is malformed: {error}")
        streams = bool(body.get("stream"))
        before = self.provider.asked(path, body, conversation.digest, streams)
        if self.provider.latency:
            time.sleep(self.provider.latency)
        whole = dialect.whole(body, conversation, self.provider.answers(conversation, before, seed, errors))
        try:
            if streams:
                self.send_stream(dialect.parts(body, whole))
            else:
                self.send(whole)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


def embeddings(body):
    """Eight numbers for each text, from its hash."""
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    data = []
    for index, text in enumerate(texts):
        digest = hashlib.sha256(json.dumps(text).encode()).digest()
        vector = [byte / 128 - 1 for byte in digest[:8]]
        if body.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack("<8f", *vector)).decode()
        data.append({"object": "embedding", "index": index, "embedding": vector})
    usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
    return {"object": "list", "model": body.get("model", "scripted"), "data": data, "usage": usage}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def serve(port=0, **settings):
    """A server in a thread of its own; `.server_port` is its port, `.provider` its figures."""
    provider = Provider(**settings)
    server = Server(("127.0.0.1", port), type("BoundHandler", (Handler,), {"provider": provider}))
    server.provider = provider
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=int(os.environ.get("SCRIPTED_PORT", 0)), help="0 for any free one")
    parser.add_argument("--seed", default=os.environ.get("SCRIPTED_SEED", "0"))
    parser.add_argument("--errors", type=float, default=float(os.environ.get("SCRIPTED_ERRORS", 0.15)),
                        help="how often a step goes wrong")
    parser.add_argument("--log", default=os.environ.get("SCRIPTED_LOG"), help="JSON lines of every request")
    parser.add_argument("--latency", type=float, default=0, help="seconds before every answer")
    parser.add_argument("--child", action="store_true", help="print only the port, and end with standard input")
    parser.add_argument("--key", help="the only API key that is accepted; without it every key is")
    choice = parser.parse_args()
    server = serve(choice.port, seed=choice.seed, errors=choice.errors, log=choice.log, latency=choice.latency,
                   key=choice.key)
    if choice.child:
        print(server.server_port, flush=True)
        sys.stdin.read()
    else:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
