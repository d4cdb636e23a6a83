"""What is measured. Each group runs once per round and peer, and returns {row: number}."""
import http.client
import os
import signal
import subprocess
import time

from loads import h2load, held, wrk
from machine import load_json
from peer import Direct

HOST = "web.bench:8000"


class Row:
    """How a number is shown, and whether less of it is better."""

    def __init__(self, title, form="{:,.1f}", less_is_better=True):
        self.title = title
        self.form = form
        self.less_is_better = less_is_better


def used(before, after, count):
    return [(b - a) / max(1, count) for a, b in zip(before, after)]


class Saturation:
    """Requests per second and CPU per request, HTTP/1.1 with wrk."""

    def __init__(self, seconds, connections=(1, 16, 64, 256)):
        self.seconds, self.connections = seconds, connections

    def rows(self):
        for count in self.connections:
            yield f"rate {count}", Row(f"requests/s, HTTP/1.1, {count} connections", "{:,.0f}", False)
            yield f"client {count}", Row(f"CPU µs per request, client side, {count} connections")
            yield f"server {count}", Row(f"CPU µs per request, server side, {count} connections")

    def measure(self, peer, _):
        peer.run()
        results = {}
        for count in self.connections:
            before = peer.cpu()
            rate, requests = wrk(count, self.seconds, f"http://127.0.0.1:{peer.client_port}/1k", HOST)
            after = peer.cpu()
            results[f"rate {count}"] = rate
            for side, cpu in zip(("client", "server"), used(before, after, requests)):
                results[f"{side} {count}"] = cpu
        return results


class SaturationHTTP2:
    """The same with HTTP/2 from the load through both proxies, h2load with 10 streams a connection."""

    def __init__(self, seconds, connections=(1, 16, 64)):
        self.seconds, self.connections = seconds, connections

    def rows(self):
        for count in self.connections:
            yield f"h2 rate {count}", Row(f"requests/s, HTTP/2, {count} connections × 10 streams", "{:,.0f}", False)
            yield f"h2 cpu {count}", Row(f"CPU µs per request, both sides, HTTP/2, {count} connections")

    def measure(self, peer, _):
        if not peer.speaks_http2 or isinstance(peer, Direct):
            return {}
        peer.run(http2=True)
        results = {}
        for count in self.connections:
            before = peer.cpu()
            rate, requests = h2load(count, self.seconds, f"http://127.0.0.1:{peer.client_port}/1k", HOST)
            after = peer.cpu()
            results[f"h2 rate {count}"] = rate
            results[f"h2 cpu {count}"] = sum(used(before, after, requests))
        return results


class Paced:
    """Latency from the due time at steady rates, over 16 connections: 2,000/s and shares of what Envoy can do, or those given."""

    def __init__(self, seconds, load, rates):
        self.seconds, self.load, self.rates = seconds, load, rates

    def prepare(self, peers):
        if self.rates:
            return
        self.rates = [2000]
        for envoy in (peer for peer in peers if peer.name == "Envoy"):
            envoy.run()
            try:
                capacity, _ = wrk(16, self.seconds, f"http://127.0.0.1:{envoy.client_port}/1k", HOST)
            finally:
                envoy.stop()
            self.rates += [round(capacity * share / 100) * 100 for share in (0.3, 0.6, 0.9)]

    def rows(self):
        for rate in self.rates:
            yield f"p50 {rate}", Row(f"p50 µs at {rate:,}/s", "{:,.0f}")
            yield f"p99 {rate}", Row(f"p99 µs at {rate:,}/s", "{:,.0f}")

    def measure(self, peer, _):
        peer.run()
        results = {}
        for rate in self.rates:
            told = load_json(
                self.load, "paced", "--port", peer.client_port, "--rate", rate, "--connections", 16,
                "--seconds", self.seconds, "--host", HOST,
            )  # fmt: skip
            if told["failed"]:
                raise RuntimeError(f"{peer.name}: {told['failed']} requests failed at {rate}/s")
            results[f"p50 {rate}"], results[f"p99 {rate}"] = told["p50"], told["p99"]
        return results


class Bulk:
    """Bodies of 64 MiB on four connections."""

    def __init__(self, seconds, load):
        self.seconds, self.load = seconds, load

    def rows(self):
        yield "bulk", Row("64 MiB bodies, GB/s", "{:.2f}", False)
        yield "bulk cpu", Row("CPU µs per MiB, both sides", "{:,.0f}")

    def measure(self, peer, _):
        peer.run()
        before = peer.cpu()
        told = load_json(
            self.load, "steady", "--port", peer.client_port, "--connections", 4, "--seconds", self.seconds, "--path", "/64m",
            "--host", HOST,
        )  # fmt: skip
        after = peer.cpu()
        results = {"bulk": told["octets"] / told["seconds"] / 1e9}
        if not isinstance(peer, Direct):
            results["bulk cpu"] = sum(used(before, after, told["octets"] / 2**20))
        return results


class Handshakes:
    """A new mutual TLS connection and one GET at the server's side; full or resumed."""

    def __init__(self, seconds, load, certificates, resumes):
        self.seconds, self.load, self.certificates, self.resumes = seconds, load, certificates, resumes
        self.key = f"{'resumed' if resumes else 'full'} {certificates}"

    def rows(self):
        kind = "resumed" if self.resumes else "full"
        yield self.key, Row(f"CPU µs per {kind} handshake + 1 GET, {self.certificates.upper()}", "{:,.0f}")
        yield f"{self.key} rate", Row(f"{kind} handshakes/s, {self.certificates.upper()}", "{:,.0f}", False)
        if self.resumes:
            yield f"{self.key} share", Row(f"really resumed, {self.certificates.upper()}", "{:.1%}", False)

    def measure(self, peer, work):
        if isinstance(peer, Direct):
            return {}
        peer.run(certificates=self.certificates)
        before = peer.cpu()
        told = load_json(
            self.load, "connect", "--port", peer.server_port, "--connections", 16, "--seconds", self.seconds, "--host", HOST,
            "--cert", f"{work}/{self.certificates}/client.pem", "--key", f"{work}/{self.certificates}/client.key",
            *(["--resume"] if self.resumes else []),
        )  # fmt: skip
        after = peer.cpu()
        results = {
            self.key: used(before, after, told["completed"])[1],
            f"{self.key} rate": told["completed"] / told["seconds"],
        }
        if self.resumes:
            results[f"{self.key} share"] = told["resumed"] / told["completed"]
        return results


class NewConnections:
    """`Connection: close` through the pair: the application's connections are new, the proxies' are kept."""

    def __init__(self, seconds, load):
        self.seconds, self.load = seconds, load

    def rows(self):
        yield "close", Row("new connections/s through the pair", "{:,.0f}", False)
        yield "close cpu", Row("CPU µs per new connection, both sides")

    def measure(self, peer, _):
        peer.run()
        before = peer.cpu()
        told = load_json(
            self.load, "connect", "--port", peer.client_port, "--connections", 16, "--seconds", self.seconds, "--host", HOST
        )
        after = peer.cpu()
        results = {"close": told["completed"] / told["seconds"]}
        if not isinstance(peer, Direct):
            results["close cpu"] = sum(used(before, after, told["completed"]))
        return results


class Memory:
    """Resident memory, idle and with idle mutual TLS connections at the server's side."""

    def __init__(self, load, counts=(1000, 10000)):
        self.load, self.counts = load, counts

    def rows(self):
        yield "idle client", Row("resident idle, MiB, client side")
        yield "idle server", Row("resident idle, MiB, server side")
        for count in self.counts:
            yield f"held {count}", Row(f"KiB per idle mutual TLS connection, of {count:,}")

    def measure(self, peer, work):
        if isinstance(peer, Direct):
            return {}
        results = {}
        for count in self.counts:
            peer.run()
            time.sleep(0.3)
            client, server = peer.resident()
            results["idle client"], results["idle server"] = client / 1024, server / 1024
            keys = ["--cert", f"{work}/ecdsa/client.pem", "--key", f"{work}/ecdsa/client.key"]
            with held(self.load, peer, peer.server_port, count, "--host", HOST, *keys) as is_there:
                if is_there:
                    time.sleep(11)  # Idle connections give memory back after a while.
                    results[f"held {count}"] = (peer.resident()[1] - server) / count
            peer.stop()
        return results


class StartUp:
    """From the start of the client's proxy to the first answer through it; the server's runs already."""

    def rows(self):
        yield "start", Row("start to first request, ms")

    def measure(self, peer, _):
        if isinstance(peer, Direct):
            return {}
        peer.run()
        command = peer.processes[0].args
        for pid in peer.pids()[0]:
            os.kill(pid, signal.SIGKILL)
        peer.processes[0].wait()
        begin = time.monotonic()
        peer.processes[0] = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not self.answers(peer.client_port):
            time.sleep(0.0005)
        return {"start": (time.monotonic() - begin) * 1000}

    @staticmethod
    def answers(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/1k", headers={"Host": HOST})
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
