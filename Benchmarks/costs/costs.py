#!/usr/bin/env python3
"""Counts what the sidecars ask of the heap and of the kernel: HTTP/1.1 over mutual TLS, GET, 1 KiB, one at a time.

The numbers do not depend on how busy the machine is, so they are compared exactly with those of costs.txt: of each row
the median of several rounds, rounded to whole ones. Those of handshakes are OpenSSL's for the most part, and compared
only with the release of OpenSSL that they were counted with.
"""
import argparse
import os
import re
import signal
import ssl
import statistics
import subprocess
import sys

from sidecars import PATIENCE, Client, Pair

TABLE = f"{os.path.dirname(os.path.abspath(__file__))}/costs.txt"
OPENSSL = ssl.OPENSSL_VERSION.split()[1]
ROUNDS = 9
REQUESTS = 200
# Until tables, pools and caches have the size that they keep.
WARM_UP = 300
CONNECTIONS = 60


def middle(values):
    return round(statistics.median(values))


def ways(pair):
    """How an application may request, between sidecars that have a connection already, and what the table calls it."""
    client = Client(pair.outbound)
    yield "request", client.request
    client.close()

    def on_new_connection():
        client = Client(pair.outbound, is_last=True)
        client.request()
        client.close()

    yield "request on a new connection", on_new_connection


def requests(pair):
    """Heap blocks of a request."""
    for way, request in ways(pair):
        for _ in range(WARM_UP):
            request()
        rounds = []
        for _ in range(ROUNDS):
            before = [sidecar.blocks() for sidecar in pair.sidecars]
            for _ in range(REQUESTS):
                request()
            rounds.append([(sidecar.blocks() - b) / REQUESTS for sidecar, b in zip(pair.sidecars, before)])
        for sidecar, values in zip(pair.sidecars, zip(*rounds)):
            yield f"heap blocks, {way}, {sidecar.name}", middle(values)


def connections(sidecar, connect):
    """Heap blocks of a connection with one request."""
    for _ in range(WARM_UP // 10):
        connect()
    counts = [sidecar.blocks()]
    for _ in range(CONNECTIONS):
        connect()
        counts.append(sidecar.blocks())
    return middle([after - before for before, after in zip(counts, counts[1:])])


def to_servers(pair):
    """The client's sidecar opens a connection for each request, since the servers close theirs."""

    def connect(host):
        client = Client(pair.outbound, host)
        client.request()
        client.close()

    for kind, server, host in [("full", pair.once, "once.bench:8000"), ("resumed", pair.again, "again.bench:8000")]:
        yield f"heap blocks, {kind} handshake and request, client", connections(pair.client, lambda: connect(host))
        if server.resumed != (server.connections - 1 if kind == "resumed" else 0):
            raise RuntimeError(f"costs: {server.resumed} of {server.connections} were resumed where all should be {kind}")


def from_clients(pair):
    """Clients of the server's sidecar that come anew, and that come back with a ticket."""
    context = pair.client_context()
    session = None

    def connect(resumes):
        nonlocal session
        client = Client(pair.inbound, context=context, session=session if resumes else None)
        client.request()
        if resumes and session and not client.connection.session_reused:
            raise RuntimeError("costs: the server's sidecar did not resume a session")
        session = client.connection.session
        client.close()

    for kind in ("full", "resumed"):
        count = connections(pair.server, lambda: connect(kind == "resumed"))
        yield f"heap blocks, {kind} handshake and request, server", count


def system_calls(pair):
    """How often each is called for a request."""
    for way, request in ways(pair):
        for _ in range(WARM_UP):
            request()
        for sidecar in pair.sidecars:
            for call, count in sorted(traced(sidecar, request).items()):
                if rounded := round(count / REQUESTS):
                    yield f"system calls, {way}, {sidecar.name}, {call}", rounded


def traced(sidecar, request):
    """How often each system call is made for all requests."""
    out = f"{sidecar.work}/{sidecar.name}.strace"
    tracer = subprocess.Popen(
        ["strace", "-f", "-p", str(sidecar.process.pid), "-o", out], stderr=subprocess.PIPE, text=True
    )
    while "attached" not in (line := tracer.stderr.readline()):
        if not line:
            raise RuntimeError("costs: strace cannot attach to the sidecar; may this user trace processes?")
    for _ in range(REQUESTS):
        request()
    tracer.send_signal(signal.SIGINT)
    tracer.communicate(timeout=PATIENCE)
    counts = {}
    for line in open(out):
        # Calls only: no signals, and an interrupted call once.
        if match := re.match(r"\d+ +(\w+)\(", line):
            counts[match.group(1)] = counts.get(match.group(1), 0) + 1
    return counts


def measure(program, library, only_requests):
    pair = Pair(program, library)
    try:
        handshakes = [] if only_requests else [*to_servers(pair), *from_clients(pair)]
        return dict([*requests(pair), *handshakes, *system_calls(pair)])
    finally:
        pair.stop()


def read_table():
    """{build: {row: number}}, and the release of OpenSSL that the numbers of handshakes belong to."""
    table, library = {}, ""
    for line in open(TABLE):
        name, _, value = line.strip().rpartition(" ")
        build, _, row = name.partition(": ")
        if line.startswith("OpenSSL "):
            library = value
        elif row and not line.startswith("#"):
            table.setdefault(build, {})[row] = int(value)
    return table, library


def write_table(build, found, only_requests):
    comments = [line for line in open(TABLE) if line.startswith("#")]
    table, library = read_table()
    kept = {row: number for row, number in table.get(build, {}).items() if only_requests and "handshake" in row}
    table[build] = kept | found
    with open(TABLE, "w") as file:
        file.writelines([*comments, f"OpenSSL {library if only_requests else OPENSSL}\n"])
        for build, rows in sorted(table.items()):
            file.writelines(f"{build}: {row} {number}\n" for row, number in sorted(rows.items()))


def compare(build, found, only_requests):
    """Prints what was found beside what is written, and says whether both are the same."""
    table, library = read_table()
    expected = table.get(build, {})
    if only_requests:
        expected = {row: number for row, number in expected.items() if "handshake" not in row}
    elif library != OPENSSL:
        print(f"costs: handshakes are not compared: costs.txt has those of OpenSSL {library}, this is {OPENSSL}")
        expected |= {row: number for row, number in found.items() if "handshake" in row}
    for row in sorted(found.keys() | expected.keys()):
        mine, theirs = found.get(row, 0), expected.get(row, 0)
        print(f"{build}: {row} {mine}" + ("" if mine == theirs else f"   costs.txt has {theirs}"))
    if found == expected:
        return True
    print("costs: other than in Benchmarks/costs/costs.txt; if that is meant, write them there with --write")
    return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="apus-proxy")
    parser.add_argument("--library", required=True, help="libCHeapCount.so")
    parser.add_argument("--build", required=True, choices=["debug", "release"], help="how the program was built")
    parser.add_argument("--requests", action="store_true", help="leave out connections and their handshakes")
    parser.add_argument("--write", action="store_true", help="put what is found into costs.txt")
    options = parser.parse_args()
    found = measure(os.path.abspath(options.program), os.path.abspath(options.library), options.requests)
    if options.write:
        write_table(options.build, found, options.requests)
    return 0 if compare(options.build, found, options.requests) else 1


if __name__ == "__main__":
    sys.exit(main())
