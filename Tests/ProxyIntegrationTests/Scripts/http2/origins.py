"""What is behind the sidecars: an HTTP/1 application, a gRPC server, and an HTTP/2 server that does as it is told."""
import concurrent.futures
import http.server
import json
import socket
import socketserver
import threading
import time

import grpc

import wire

requests = []  # Of the HTTP/1 application: (method, path, headers, octets of the body).
hold = threading.Event()


class Application(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self):
        received = len(self.rfile.read(int(self.headers.get("content-length") or 0)))
        self.trailers = {}
        while self.headers.get("transfer-encoding") == "chunked":
            size = int(self.rfile.readline().split(b";")[0], 16)
            received += len(self.rfile.read(size))
            if size == 0:
                while (line := self.rfile.readline().strip()):
                    name, _, value = line.partition(b":")
                    self.trailers[name.decode().lower()] = value.decode().strip()
                break
            self.rfile.readline()
        return received

    def reply(self):
        if self.path == "/held":
            hold.wait(20)
        if self.path == "/early":
            self.wfile.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nno\n")
            self.body()  # To close with octets unread would be a reset, which may overtake the response.
            self.close_connection = True
            return
        received = self.body()
        headers = {}
        for name, value in self.headers.items():
            headers[name.lower()] = headers[name.lower()] + " | " + value if name.lower() in headers else value
        requests.append((self.command, self.path, headers, received))
        answer = {"headers": headers, "received": received, "trailers": self.trailers, "method": self.command,
                  "path": self.path}
        self.answer(json.dumps(answer).encode() + b"\n")

    def answer(self, body):
        if self.path == "/chunked":
            self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nlink: </style>\r\n\r\nHTTP/1.1 200 OK\r\nX-Mixed: Case\r\n"
                             b"Connection: x-hop\r\nX-Hop: gone\r\ntransfer-encoding: chunked\r\n\r\n")
            for part in (b"one ", b"two ", b"three"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            # Only the first is what trailers may be.
            self.wfile.write(b"0\r\nx-trailer: yes\r\ncontent-length: 9\r\nx-forwarded-client-cert: By=forged\r\n\r\n")
        elif self.path == "/large":
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 20000000\r\n\r\n")
            for _ in range(200):
                self.wfile.write(b"x" * 100_000)
        elif self.path == "/cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\ntoo little")
            self.close_connection = True
        elif self.path == "/empty":
            self.wfile.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        elif self.headers.get("upgrade") == "websocket":
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
                             b"sec-websocket-accept: x\r\n\r\n")
            while data := self.connection.recv(65536):
                self.connection.sendall(data)
            self.close_connection = True
        else:
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body))
            if self.command != "HEAD":
                self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_OPTIONS = reply

    def log_message(self, *_):
        pass


class Threaded(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, *_):
        pass


def start_application(port):
    server = Threaded(("127.0.0.1", port), Application)
    threading.Thread(target=server.serve_forever, daemon=True).start()


class Calls(grpc.GenericRpcHandler):
    """Messages are bytes; each method is one shape of call."""

    def service(self, details):
        kinds = {
            "/t/Unary": grpc.unary_unary_rpc_method_handler(self.unary),
            "/t/Down": grpc.unary_stream_rpc_method_handler(self.down),
            "/t/Up": grpc.stream_unary_rpc_method_handler(self.up),
            "/t/Both": grpc.stream_stream_rpc_method_handler(self.both),
            "/t/Fails": grpc.unary_unary_rpc_method_handler(self.fails),
            "/t/Slow": grpc.unary_unary_rpc_method_handler(self.slow),
        }
        return kinds.get(details.method)

    def unary(self, message, context):
        seen = {key: value for key, value in context.invocation_metadata()}
        context.send_initial_metadata((("x-initial", "yes"),))
        context.set_trailing_metadata((("x-trailing", seen.get("x-sent", "")), ("x-binary-bin", b"\x00\xff")))
        return message

    def down(self, message, context):
        for index in range(int(message)):
            yield b"%d" % index

    def up(self, messages, context):
        return b"%d" % sum(len(message) for message in messages)

    def both(self, messages, context):
        for message in messages:
            yield message

    def fails(self, message, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "nö: 100%")

    def slow(self, message, context):
        deadline = context.time_remaining()
        cancelled = threading.Event()
        context.add_callback(cancelled.set)
        cancelled.wait(10)
        Calls.ended = (deadline, cancelled.is_set())
        return b""

    ended = None


def start_grpc(port):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(64), handlers=[Calls()],
                         options=[("grpc.max_receive_message_length", -1)])
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    return server


class Scripted:
    """Serves each connection with the next function that a test has put into `scripts`."""

    def __init__(self, port):
        self.scripts, self.connections = [], []
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.run, daemon=True).start()

    def restart(self, *scripts):
        """Ends what connections there are; the next ones are served by `scripts`, one each."""
        self.scripts = list(scripts)
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        time.sleep(0.3)

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            self.connections.append(connection)
            script = self.scripts.pop(0) if self.scripts else None
            threading.Thread(target=self.serve, args=(connection, script), daemon=True).start()

    def serve(self, connection, script):
        peer = wire.Peer(connection)
        received = b""
        while len(received) < 24:
            data = connection.recv(24 - len(received))
            if not data:
                return
            received += data
        peer.send(wire.frame(wire.SETTINGS))
        if script:
            script(peer)
        time.sleep(0.2)
        connection.close()
