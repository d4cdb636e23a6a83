"""What is measured of gateways; as in `rows`, each group runs once per round and peer."""
import time

from gateway import HOST
from loads import h2load, held, wrk
from machine import load_json
from rows import Row, used


class GatewayHandshakes:
    """A new TLS connection of a client without certificate, and one GET."""

    def __init__(self, seconds, load, certificates, resumes):
        self.seconds, self.load, self.certificates, self.resumes = seconds, load, certificates, resumes
        self.key = f"gateway {'resumed' if resumes else 'full'} {certificates}"

    def rows(self):
        kind = f"{'resumed' if self.resumes else 'full'} TLS handshake"
        name = "ECDSA P-256" if self.certificates == "ecdsa" else "RSA 2048"
        yield self.key, Row(f"gateway, CPU µs per {kind} + 1 GET, {name}", "{:,.0f}")
        yield f"{self.key} rate", Row(f"gateway, {kind}s/s, {name}, 16 at a time", "{:,.0f}", False)
        if self.resumes:
            yield f"{self.key} share", Row(f"gateway, really resumed, {name}", "{:.1%}", False)

    def measure(self, peer, _):
        peer.run(certificates=self.certificates)
        before = peer.cpu()
        told = load_json(
            self.load, "connect", "--port", peer.client_port, "--connections", 16, "--seconds", self.seconds, "--host", HOST,
            "--server-name", HOST, *(["--resume"] if self.resumes else []),
        )  # fmt: skip
        after = peer.cpu()
        results = {
            self.key: used(before, after, told["completed"])[0],
            f"{self.key} rate": told["completed"] / told["seconds"],
        }
        if self.resumes:
            # The first connection of each client has nothing to resume.
            results[f"{self.key} share"] = min(1, told["resumed"] / max(1, told["completed"] - 16))
        return results


class GatewayRequests:
    """Requests of 1 KiB on kept connections: wrk for HTTP/1.1, h2load with 10 streams each for HTTP/2."""

    def __init__(self, seconds, http2, connections=(1, 16, 64)):
        self.seconds, self.http2, self.connections = seconds, http2, connections
        self.word, self.load = ("HTTP/2", h2load) if http2 else ("HTTP/1.1", wrk)

    def rows(self):
        streams = " × 10 streams" if self.http2 else ""
        for count in self.connections:
            yield f"gateway {self.word} {count}", Row(
                f"gateway, requests/s, {self.word}, {count} connections{streams}", "{:,.0f}", False
            )
            yield f"gateway cpu {self.word} {count}", Row(f"gateway, CPU µs per request, {self.word}, {count} connections")

    def measure(self, peer, _):
        peer.run()
        results = {}
        for count in self.connections:
            before = peer.cpu()
            rate, requests = self.load(count, self.seconds, f"https://{HOST}:{peer.client_port}/1k")
            after = peer.cpu()
            results[f"gateway {self.word} {count}"] = rate
            results[f"gateway cpu {self.word} {count}"] = used(before, after, requests)[0]
        return results


class GatewayBulk:
    """Bodies of 1 MiB on 16 connections."""

    def __init__(self, seconds, load):
        self.seconds, self.load = seconds, load

    def rows(self):
        yield "gateway bulk", Row("gateway, 1 MiB bodies, GB/s", "{:.2f}", False)
        yield "gateway bulk cpu", Row("gateway, CPU µs per MiB", "{:,.0f}")

    def measure(self, peer, _):
        peer.run()
        before = peer.cpu()
        told = load_json(
            self.load, "steady", "--port", peer.client_port, "--connections", 16, "--seconds", self.seconds, "--path", "/1m",
            "--host", HOST, "--server-name", HOST,
        )  # fmt: skip
        after = peer.cpu()
        return {
            "gateway bulk": told["octets"] / told["seconds"] / 1e9,
            "gateway bulk cpu": used(before, after, told["octets"] / 2**20)[0],
        }


class GatewayMemory:
    """Resident memory, idle and with idle TLS connections."""

    once = True

    def __init__(self, load, counts=(1000, 10000)):
        self.load, self.counts = load, counts

    def rows(self):
        yield "gateway idle", Row("gateway, resident idle, MiB")
        for count in self.counts:
            yield f"gateway held {count}", Row(f"gateway, KiB per idle TLS connection, of {count:,}")

    def measure(self, peer, _):
        results = {}
        for count in self.counts:
            peer.run()
            time.sleep(0.3)
            idle = peer.resident()[0]
            results["gateway idle"] = idle / 1024
            with held(self.load, peer, peer.client_port, count, "--host", HOST, "--server-name", HOST) as is_there:
                if is_there:
                    time.sleep(11)  # Idle connections give memory back after a while.
                    results[f"gateway held {count}"] = (peer.resident()[0] - idle) / count
            peer.stop()
        return results
