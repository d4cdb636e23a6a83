"""A gateway of very many hosts: how long until it serves, what it takes, and what a change to one host costs."""
import http.client
import os
import socket
import ssl
import statistics
import subprocess
import time

from lab import cpu, memory, path
from router import NAMESPACE, Router, gateway, secret, virtual_service

PORT = 8443
CERTIFICATES = 16


def name(number):
    return f"host{number}.example.com"


class Client:
    """One TLS connection to the gateway, as a browser without trust makes it."""

    def __init__(self, host):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = socket.create_connection(("127.0.0.1", PORT), 5)
        try:
            self.socket = context.wrap_socket(raw, server_hostname=host)
        except BaseException:
            raw.close()
            raise
        self.certificate = self.socket.getpeercert(True)
        self.host, self.http = host, http.client.HTTPConnection("127.0.0.1", PORT)
        self.http.sock = self.socket

    def get(self):
        self.http.request("GET", "/", headers={"Host": self.host})
        response = self.http.getresponse()
        return response.status, response.read()

    def close(self):
        self.socket.close()


class LargeGateway:
    """Each host has a server, a Secret and a VirtualService of its own; requests are answered by the gateway itself."""

    def __init__(self, hosts, rounds):
        self.hosts, self.rounds = hosts, rounds

    def rows(self):
        title = f"gateway of {self.hosts:,} hosts"
        yield "apply", f"{title}: from apply to in force, first and last host, ms", ""
        yield "apply cpu", "of which CPU of the gateway, ms", ""
        yield "apply plane", "of which CPU of apusd, ms", ""
        yield "start", "a new gateway's start until it serves all, ms", ""
        yield "memory", "gateway's own memory, MiB", ""
        yield "memory one", "the same with one host, MiB", ""
        yield "plane", "apusd resident, MiB", ""
        yield "route", "change of one route to effect, ms, median", "< 20"
        yield "secret", "change of one certificate to effect, ms, median", "< 100"
        yield "server", "one more server in the Gateway to effect, ms, median", ""
        yield "handshake", "CPU µs of a full handshake + 1 GET, host by host", ""
        yield "handshake one", "the same with one host", ""

    def measure(self, lab):
        self.lab, self.results = lab, {}
        self.router = Router(lab, f"{lab.programs}/apus-proxy", "large-1")
        self.router.prepare()
        self.certificates(f"{self.router.directory}")
        self.plane = lab.processes("apusd")[0]
        self.process = None
        try:
            self.start()
            lab.api.create(*gateway("one", [self.server(0)]))
            self.populate(0, 1)
            self.until(lambda: self.serves(0))
            self.results["handshake one"] = self.handshakes(1)
            self.results["memory one"] = memory(self.process.pid)[1] / 1024
            self.populate(1, self.hosts + self.rounds)
            lab.api.request("DELETE", path("gateways", NAMESPACE, "one", "networking"))
            self.until(lambda: not self.serves(0))
            time.sleep(2)
            self.measure_all()
        finally:
            self.stop()
            lab.api.request("DELETE", path("namespaces", "", NAMESPACE))
        return self.results

    def measure_all(self):
        before = cpu(self.process.pid), cpu(self.plane)
        begin = time.monotonic()
        self.lab.api.create(*gateway("large", [self.server(number) for number in range(self.hosts)]))
        self.until(lambda: self.serves(0) and self.serves(self.hosts - 1))
        self.results["apply"] = (time.monotonic() - begin) * 1000
        self.results["apply cpu"] = (cpu(self.process.pid) - before[0]) * 1000
        self.results["apply plane"] = (cpu(self.plane) - before[1]) * 1000
        time.sleep(3)
        self.results["memory"] = memory(self.process.pid)[1] / 1024
        self.results["plane"] = memory(self.plane)[0] / 1024
        self.results["handshake"] = self.handshakes(self.hosts)
        self.results["route"] = statistics.median(self.route(n) for n in range(self.rounds))
        self.results["secret"] = statistics.median(self.secret(n) for n in range(self.rounds))
        self.results["server"] = statistics.median(self.more(n) for n in range(self.rounds))
        self.stop()
        begin = time.monotonic()
        self.start()
        self.until(lambda: self.serves(0) and self.serves(self.hosts - 1))
        self.results["start"] = (time.monotonic() - begin) * 1000

    # What there is

    def certificates(self, directory):
        self.files = []
        for number in range(CERTIFICATES):
            files = f"{directory}/{number}.pem", f"{directory}/{number}.key"
            if not os.path.exists(files[1]):
                subprocess.run(
                    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
                    + ["-days", "30", "-subj", f"/CN={number}", "-out", files[0], "-keyout", files[1]],
                    check=True, capture_output=True,
                )  # fmt: skip
            self.files.append(files)

    @staticmethod
    def server(number):
        return {
            "hosts": [name(number)], "bind": "127.0.0.1",
            "port": {"number": PORT, "name": f"https-{number}", "protocol": "HTTPS"},
            "tls": {"mode": "SIMPLE", "credentialName": f"cert{number}"},
        }  # fmt: skip

    @staticmethod
    def route_of(number, text):
        match = {"directResponse": {"status": 200, "body": {"string": text}}}
        return virtual_service(f"route{number}", [name(number)], ["one", "large"], match)

    def populate(self, begin, end):
        objects = []
        for number in range(begin, end):
            objects += [secret(f"cert{number}", *self.files[number % CERTIFICATES]), self.route_of(number, "first")]
        self.lab.api.create_all(objects)

    def start(self):
        with open(f"{self.router.directory}/log", "a") as log:
            self.process = subprocess.Popen(self.router.command, stdout=log, stderr=log)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = None

    # What is looked at

    @staticmethod
    def until(condition, patience=300):
        end = time.monotonic() + patience
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError("the gateway does not do what it was told")
            time.sleep(0.001)

    @staticmethod
    def serves(number):
        try:
            client = Client(name(number))
        except OSError:
            return False
        try:
            return client.get()[0] == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            client.close()

    def handshakes(self, hosts, count=300):
        before = cpu(self.process.pid)
        for number in range(count):
            if not self.serves(number * 7919 % hosts):
                raise RuntimeError(f"{name(number * 7919 % hosts)} is not served")
        return (cpu(self.process.pid) - before) * 1e6 / count

    def timed(self, change, condition):
        time.sleep(0.5)
        begin = time.monotonic()
        change()
        self.until(condition, 60)
        return (time.monotonic() - begin) * 1000

    def route(self, number):
        index = number * 7919 % self.hosts
        place, value = self.route_of(index, f"changed {number}")
        return self.timed(
            lambda: self.lab.api.patch(f"{place}/route{index}", {"spec": value["spec"]}),
            lambda: self.answer(index) == f"changed {number}".encode(),
        )

    @staticmethod
    def answer(number):
        client = Client(name(number))
        try:
            return client.get()[1]
        finally:
            client.close()

    def secret(self, number):
        index = number * 6007 % self.hosts
        shown = self.shown(index)
        place, value = secret(f"cert{index}", *self.files[(index + 1 + number) % CERTIFICATES])
        if ssl.PEM_cert_to_DER_cert(value["stringData"]["tls.crt"]) == shown:
            raise RuntimeError("the new certificate is the old one")
        return self.timed(
            lambda: self.lab.api.patch(f"{place}/cert{index}", {"stringData": value["stringData"]}),
            lambda: self.shown(index) != shown,
        )

    @staticmethod
    def shown(number):
        client = Client(name(number))
        client.close()
        return client.certificate

    def more(self, number):
        count = self.hosts + number + 1
        servers = [self.server(index) for index in range(count)]
        return self.timed(
            lambda: self.lab.api.patch(path("gateways", NAMESPACE, "large", "networking"), {"spec": {"servers": servers}}),
            lambda: self.serves(count - 1),
        )
