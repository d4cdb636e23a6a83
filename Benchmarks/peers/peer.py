"""A pair of proxies: the client's, plaintext in and mutual TLS out, and the server's, the other way round."""
import os
import re
import signal
import subprocess

from machine import PROXY_CPU, TICK, free_port, sh, wait_for


class Peer:
    name = ""
    # Whether both sides speak HTTP/2, and the client side to the server side.
    speaks_http2 = True

    def __init__(self, work, origin, program=None):
        self.work = work
        self.origin = origin
        self.program = program
        self.client_port = free_port()
        self.server_port = free_port()
        self.processes = []

    def version(self):
        return ""

    def commands(self, http2, certificates):
        """The command of each side: the client's first."""
        raise NotImplementedError

    def run(self, http2=False, certificates="ecdsa"):
        directory = f"{self.work}/{self.name.lower()}"
        os.makedirs(directory, exist_ok=True)
        for command in self.commands(http2, f"{self.work}/{certificates}"):
            with open(f"{directory}/log", "a") as log:
                self.processes.append(subprocess.Popen(["taskset", "-c", PROXY_CPU, *command], stdout=log, stderr=log))
        for port, process in zip((self.client_port, self.server_port), self.processes):
            wait_for(port, process)

    def stop(self):
        for side in self.pids():
            for pid in side:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        for process in self.processes:
            process.wait()
        self.processes = []

    def pids(self):
        """For each side the process and those it started."""
        return [[p.pid] + [int(x) for x in sh("pgrep", "-P", str(p.pid)).split()] for p in self.processes]

    def cpu(self):
        """Microseconds of CPU that each side has used so far."""

        def ticks(pid):
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])

        return [sum(ticks(pid) for pid in side) * 1e6 / TICK for side in self.pids()]

    def resident(self):
        """KiB of resident memory of each side."""

        def kilobytes(pid):
            return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1))

        return [sum(kilobytes(pid) for pid in side) for side in self.pids()]


class Direct(Peer):
    """No proxy at all: where the load generator's own limit is."""

    name = "no proxy"

    def __init__(self, work, origin):
        super().__init__(work, origin)
        self.client_port = self.server_port = origin

    def run(self, http2=False, certificates="ecdsa"):
        pass
