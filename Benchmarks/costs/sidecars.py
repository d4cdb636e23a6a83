"""Two sidecars whose heap blocks are counted, and what they stand between: an origin, and clients."""
import json
import mmap
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time

HOST = "web.bench:8000"
BODY = b"x" * 1024
REQUEST = f"GET /1k HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: costs\r\n\r\n".encode()
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\nContent-Type: text/plain\r\n\r\n" + BODY
LAST_RESPONSE = RESPONSE.replace(b" OK\r\n", b" OK\r\nConnection: close\r\n")
# For connections to be made on a machine where everything else is busy.
PATIENCE = 60


def read_message(connection):
    """One message with Content-Length or without a body; empty when the other side has closed."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length:\s*(\d+)", head)
    missing = (int(length.group(1)) if length else 0) - len(rest)
    while missing > 0:
        missing -= len(connection.recv(65536))
    return head


class Origin:
    """Answers every request with 1 KiB; with TLS in front if `context` is given, and then one request a connection."""

    def __init__(self, context=None):
        self.context = context
        self.connections = self.resumed = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
                self.connections += 1
                self.resumed += connection.session_reused
            with connection:
                while read_message(connection):
                    connection.sendall(RESPONSE if not self.context else LAST_RESPONSE)
                    if self.context:
                        return connection.unwrap()
        except OSError:
            pass  # The other side went first.


class Client:
    """Requests one after the other on one connection, unless it says that the first is the last."""

    def __init__(self, address, host=HOST, context=None, session=None, is_last=False):
        self.bytes = REQUEST.replace(HOST.encode(), host.encode())
        if is_last:
            self.bytes = self.bytes.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        self.connection = socket.create_connection(address, PATIENCE)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            self.connection = context.wrap_socket(
                self.connection, server_hostname="outbound_.8000_._.web.bench", session=session
            )

    def request(self):
        self.connection.sendall(self.bytes)
        head = read_message(self.connection)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"costs: not answered: {head[:200]!r}")

    def close(self):
        self.connection.close()


class Sidecar:
    """A proxy in a process of its own, with its heap blocks counted if the library that does it is given.

    It listens where the kernel likes, on 127.0.0.2 for its application and on 127.0.0.1 for others.
    """

    def __init__(self, program, library, work, name, configuration):
        self.work, self.name = work, name
        files = {"certificate": f"{work}/{name}.pem", "key": f"{work}/{name}.key", "roots": f"{work}/root.pem"}
        with open(f"{work}/{name}.json", "w") as file:
            json.dump({"outbound": "127.0.0.2:0", "inbound": "127.0.0.1:0"} | files | configuration, file)
        with open(f"{work}/{name}.count", "w+b") as file:
            file.truncate(16)
            self.counters = mmap.mmap(file.fileno(), 16)
        with open(f"{work}/{name}.log", "w") as log:
            self.process = subprocess.Popen(
                [program, "static", "--concurrency", "1", "--config", f"{work}/{name}.json"],
                env=os.environ | ({"LD_PRELOAD": library, "HEAP_COUNT_FILE": f"{work}/{name}.count"} if library else {}),
                stdout=log,
                stderr=log,
            )

    def blocks(self):
        """Heap blocks asked for since the process began."""
        return struct.unpack("QQ", self.counters)[0]

    def address(self, host):
        """Where it listens on `host`, as soon as it does."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            for line in open(f"/proc/{self.process.pid}/net/tcp").readlines()[1:]:
                local, state, inode = (line.split()[i] for i in (1, 3, 9))
                number, port = (int(part, 16) for part in local.split(":"))
                if state == "0A" and number.to_bytes(4, "little") == socket.inet_aton(host) and self.owns(inode):
                    return host, port
            time.sleep(0.01)
        raise RuntimeError(f"costs: the {self.name}'s sidecar does not listen: {open(f'{self.work}/{self.name}.log').read()}")

    def owns(self, inode):
        directory = f"/proc/{self.process.pid}/fd"
        for name in os.listdir(directory):
            try:
                if os.readlink(f"{directory}/{name}") == f"socket:[{inode}]":
                    return True
            except FileNotFoundError:
                pass  # Closed meanwhile.
        return False

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Pair:
    """A client's sidecar and a server's, mutual TLS between them, and an origin.

    Two more servers stand behind the client's sidecar, which close after each response: one gives tickets to come back
    with, and one does not.
    """

    def __init__(self, program, library=None):
        self.work = tempfile.mkdtemp(prefix="apus-costs.")
        self.sidecars = []
        try:
            certificates = f"{os.path.dirname(os.path.abspath(__file__))}/../peers/certificates.sh"
            subprocess.run(["sh", certificates, self.work, "ecdsa"], check=True)
            self.origin = Origin()
            self.once, self.again = (Origin(self.server_context(tickets)) for tickets in (0, 1))
            self.server = self.start(Sidecar(program, library, self.work, "server", self.server_configuration()))
            self.inbound = self.server.address("127.0.0.1")
            self.client = self.start(Sidecar(program, library, self.work, "client", self.client_configuration()))
            self.outbound = self.client.address("127.0.0.2")
            if library and not all(sidecar.blocks() for sidecar in self.sidecars):
                raise RuntimeError(f"costs: nothing is counted; is {library} there, and not linked statically with all else?")
        except BaseException:
            self.stop()
            raise

    def start(self, sidecar):
        self.sidecars.append(sidecar)
        return sidecar

    def stop(self):
        for sidecar in self.sidecars:
            sidecar.stop()
        shutil.rmtree(self.work)

    def server_configuration(self):
        port = {"number": self.origin.port, "protocol": "http", "mode": "STRICT", "service": "web.bench"}
        return {
            "inboundFallback": f"127.0.0.1:{self.origin.port}",
            "inboundPolicy": {"otherMode": "STRICT", "ports": [port]},
        }

    def client_configuration(self):
        ports = {"web": self.inbound[1], "once": self.once.port, "again": self.again.port}
        return {
            "outboundFallback": "192.0.2.1:8000",
            "otherAddresses": "blackHole",
            "addresses": {"192.0.2.1:8000": {"http": 8000, "allowsUnknownHosts": False}},
            "hosts": {f"{name}.bench:8000": f"outbound|8000||{name}.bench" for name in ports},
            "destinations": [
                {
                    "name": f"outbound|8000||{name}.bench",
                    "protocol": "http",
                    "endpoints": [f"127.0.0.1:{port}"],
                    "tls": "ISTIO_MUTUAL",
                    "subjectAltNames": ["spiffe://cluster.local/ns/bench/sa/server"],
                }
                for name, port in ports.items()
            ],
        }

    def server_context(self, tickets):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{self.work}/server.pem", f"{self.work}/server.key")
        context.num_tickets = tickets
        return context

    def client_context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        # Else a ClientHello is as long as whoever built Python has seen fit.
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.set_ciphers("ECDHE+AESGCM")
        context.load_verify_locations(f"{self.work}/root.pem")
        context.load_cert_chain(f"{self.work}/client.pem", f"{self.work}/client.key")
        context.set_alpn_protocols(["istio-http/1.1", "istio", "http/1.1"])
        return context
