"""The applications behind the sidecar under test: each port one kind of server. Prints "ready" when all listen."""
import http.server
import json
import socket
import socketserver
import ssl
import sys
import threading

address, certificate, key = sys.argv[1:4]


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self):
        length = int(self.headers.get("content-length") or 0)
        received = len(self.rfile.read(length))
        while self.headers.get("transfer-encoding") == "chunked":
            size = int(self.rfile.readline().split(b";")[0], 16)
            received += len(self.rfile.read(size))
            self.rfile.readline()
            if size == 0:
                break
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.dumps({"headers": headers, "received": received, "peer": self.client_address[0]}).encode() + b"\n"
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        if self.path.startswith("/chunked"):
            self.send_response(200)
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            for part in (b"one ", b"two ", b"three"):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\nx-trailer: yes\r\n\r\n")
        elif self.path.startswith("/large"):
            size = 20_000_000
            self.send_response(200)
            self.send_header("content-length", str(size))
            self.end_headers()
            self.wfile.write(b"x" * size)
        elif self.path.startswith("/cut"):
            self.send_response(200)
            self.send_header("content-length", "1000")
            self.end_headers()
            self.wfile.write(b"too little")
            self.close_connection = True
        elif self.headers.get("upgrade") == "echo":
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n")
            while data := self.connection.recv(65536):
                self.connection.sendall(data)
            self.close_connection = True
        else:
            self.reply()

    do_POST = do_PUT = do_HEAD = do_DELETE = reply

    def log_message(self, *_):
        pass


class EchoBytes(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(65536):
            self.request.sendall(data)


class Greeter(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"220 welcome\n")
        self.request.recv(1024)


class Threaded(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 1024


def serve(port, handler, tls=False):
    server = Threaded((address, port), handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


for port in (8080, 8081, 8082):  # Declared http, undeclared, declared auto.
    serve(port, Echo)
for port in (9000, 9001):  # Declared tcp, undeclared.
    serve(port, EchoBytes)
serve(9025, Greeter)  # Declared tcp; speaks first.
for port in (9443, 9444):  # Declared tcp, undeclared; TLS of their own.
    serve(port, Echo, tls=True)
print("ready", flush=True)
threading.Event().wait()
