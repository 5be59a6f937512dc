#!/usr/bin/env python3
"""A proxy that records the exchanges of one program, and can answer its first ones from an earlier record.

    recorder.py --upstream http://127.0.0.1:8080 --port 8901 --log requests.jsonl

The log has a line for each request, {"path", "body"}; compare_order_desk.py reads it.
"""
import argparse
import json
import threading
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Not passed on: they belong to a connection.
HOP = {"host", "content-length", "connection", "accept-encoding", "transfer-encoding", "keep-alive"}


@dataclass
class Exchange:
    path: str
    body: bytes
    status: int
    kind: str
    answer: bytes


class Recorder:
    """`exchanges` are this program's; `replayed` answers its first POST requests in order."""

    def __init__(self, upstream, replayed=(), log=None):
        self.upstream, self.replayed, self.exchanges = upstream.rstrip("/"), list(replayed), []
        self.lock = threading.Lock()
        self.log = open(log, "a") if log else None

    def exchange(self, method, path, headers, body):
        with self.lock:
            place = len(self.exchanges)
            known = self.replayed[place] if method == "POST" and place < len(self.replayed) else None
            exchange = Exchange(path, body, *((known.status, known.kind, known.answer) if known else (0, "", b"")))
            if method == "POST":
                self.exchanges.append(exchange)
                if self.log:
                    self.log.write(json.dumps({"path": path, "body": json.loads(body)}) + "\n")
                    self.log.flush()
        if not known:
            headers = {name: value for name, value in headers.items() if name.lower() not in HOP}
            request = urllib.request.Request(self.upstream + path, body or None, headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=600) as reply:
                    answer, exchange.status = reply.read(), reply.status
                    exchange.kind = reply.headers["Content-Type"]
            except urllib.error.HTTPError as error:
                answer, exchange.status, exchange.kind = error.read(), error.code, error.headers["Content-Type"]
            exchange.answer = answer
        return exchange


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    recorder = None

    def log_message(self, *arguments):
        pass

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        exchange = self.recorder.exchange(self.command, self.path, self.headers, body)
        self.send_response(exchange.status)
        self.send_header("Content-Type", exchange.kind)
        self.send_header("Content-Length", str(len(exchange.answer)))
        self.end_headers()
        self.wfile.write(exchange.answer)

    do_GET = do_POST = serve


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def serve(upstream, replayed=(), port=0, log=None):
    """A recorder in a thread of its own, as (server, recorder)."""
    recorder = Recorder(upstream, replayed, log)
    server = Server(("127.0.0.1", port), type("BoundHandler", (Handler,), {"recorder": recorder}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, recorder


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upstream", required=True, help="the provider, without /v1")
    parser.add_argument("--port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--log", required=True, help="JSON lines of the requests")
    choice = parser.parse_args()
    server, _ = serve(choice.upstream, port=choice.port, log=choice.log)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
