"""An HTTP application for routes.sh: tells what it was asked, fails when it is told to, and notes each request.

Usage: echo.py ADDRESS NAME FILE; ADDRESS is host:port or the path of a Unix socket, FILE gets a line for each request.
"""
import collections
import json
import socket
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

name, record = sys.argv[2], open(sys.argv[3], "a", buffering=1)
lock = threading.Lock()
asked = collections.Counter()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(self.path).query))
        body = self.read_body()
        with lock:
            asked[query.get("id")] += 1
            count = asked[query.get("id")]
            record.write(f"{name} {self.command} {self.path} {self.headers.get('host')} {len(body)}\n")
        if "sleep" in query and count <= int(query.get("times", 1 << 30)):
            time.sleep(float(query["sleep"]))
        if "drop" in query and count <= int(query["drop"]):
            self.close_connection = True
            return
        status = int(query.get("status", 200))
        if "fail" in query:
            status = int(query.get("with", 503)) if count <= int(query["fail"]) else 200
        text = json.dumps({
            "name": name, "method": self.command, "path": self.path, "count": count, "received": len(body),
            "headers": {key.lower(): ",".join(self.headers.get_all(key)) for key in self.headers},
        }).encode()
        self.send_response(status)
        for field in query.get("respond", "").split(";"):
            if field:
                self.send_header(*field.split(":", 1))
        if "grpc" in query and count <= int(query["grpc"]):
            self.send_header("grpc-status", query.get("code", "14"))
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        if "stall" in query:
            self.wfile.write(text[:10])
            self.wfile.flush()
            time.sleep(float(query["stall"]))
            text = text[10:]
        if self.command != "HEAD":
            self.wfile.write(text)

    do_POST = do_PUT = do_DELETE = do_OPTIONS = do_HEAD = do_PATCH = do_GET

    def read_body(self):
        if self.headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True


class UnixServer(Server):
    address_family = socket.AF_UNIX

    def server_bind(self):
        self.socket.bind(self.server_address)


if sys.argv[1].startswith("/"):
    server = UnixServer(sys.argv[1], Handler)
else:
    host, port = sys.argv[1].rsplit(":", 1)
    server = Server((host, int(port)), Handler)
print("ready", flush=True)
server.serve_forever()
