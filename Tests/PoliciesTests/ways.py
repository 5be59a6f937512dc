"""Servers for tests of the way to a server. Prints its port; ends with its standard input.

ways.py proxy [user:password]   tunnels CONNECT; every host ending in .test is this machine
ways.py tls CERTIFICATE KEY     answers every POST over TLS with a chat completion that says "red"
"""

import base64
import http.server
import os
import socket
import ssl
import sys
import threading

ANSWER = b'{"choices":[{"message":{"content":"red"}}]}'


class TLS(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_):
        pass


class Proxy(http.server.BaseHTTPRequestHandler):
    credentials = None

    def do_CONNECT(self):
        if self.credentials and self.headers.get("Proxy-Authorization") != self.credentials:
            self.send_response(407)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        host, port = self.path.rsplit(":", 1)
        upstream = socket.create_connection(("127.0.0.1" if host.endswith(".test") else host, int(port)))
        self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")

        def copy(source, target):
            try:
                while piece := source.recv(65536):
                    target.sendall(piece)
            except OSError:
                pass
            try:
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        back = threading.Thread(target=copy, args=(upstream, self.connection), daemon=True)
        back.start()
        copy(self.connection, upstream)
        back.join()
        self.close_connection = True

    def log_message(self, *_):
        pass


def main():
    kind, arguments = sys.argv[1], sys.argv[2:]
    if kind == "tls":
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), TLS)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*arguments)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    else:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        if arguments:
            Proxy.credentials = "Basic " + base64.b64encode(arguments[0].encode()).decode()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)


main()
