#!/usr/bin/env python3
"""Two sidecars with mutual TLS between a load generator and a server, and a gateway before a server: Apus beside Envoy,
HAProxy and nginx, in one run; then a whole mesh by itself.

Load and server run on one CPU, all proxies on another. Rounds are interleaved, so that a neighbour's load meets all
alike. The table shows medians, in brackets the ratio to Envoy, and `~` behind numbers whose rounds differ by more than
20 %: those are too noisy to compare.

Run by root, everything is in network, mount and process namespaces of its own: it reaches no address but its own, and
whatever it started ends with it. Gateways and the mesh need that.
"""
import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(f"{HERE}/../cluster")

import machine
from apus import Apus
from envoy import Envoy
from gateway import ApusGateway, EnvoyGateway, HAProxyGateway, NginxGateway
from gateway_rows import GatewayBulk, GatewayHandshakes, GatewayMemory, GatewayRequests
from haproxy import HAProxy
from lab import Lab, enter_own_machine
from large_gateway import LargeGateway
from machine import LOAD_CPU, free_port, wait_for, write
from mesh_size import MeshSize
from nginx import Nginx, origin_configuration
from peer import Direct
from propagation import Propagation
from rows import Bulk, Handshakes, Memory, NewConnections, Paced, Row, Saturation, SaturationHTTP2, StartUp

NOISY = 0.2


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apus", required=True, help="the release build of apus-proxy")
    parser.add_argument("--load", required=True, help="the load generator, bench-load")
    parser.add_argument("--envoy", help="Envoy's program; left out without it")
    parser.add_argument("--work", required=True, help="a directory for configuration and logs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    names = ", ".join([*GROUPS, *GATEWAY_GROUPS, *MESH_GROUPS])
    parser.add_argument("--only", default="", help=f"groups, separated by commas: {names}")
    parser.add_argument("--peers", default="", help="names, separated by commas; default: all that are installed")
    parser.add_argument(
        "--rates", default="", help="requests per second of the paced group; default: 2,000 and 30, 60 and 90 %% of Envoy's capacity"
    )
    parser.add_argument("--proxies", type=int, default=100, help="sidecars of the propagation group")
    parser.add_argument("--sizes", default="10,1000,10000", help="numbers of services of the mesh-size group")
    parser.add_argument("--hosts", type=int, default=4000, help="hosts of the large-gateway group")
    parser.add_argument("--force", action="store_true", help="run on a busy machine, too")
    return parser.parse_args()


# Certificates, and whether sessions are resumed.
KINDS = [(kind, resumes) for kind in ("ecdsa", "rsa") for resumes in (False, True)]
GROUPS = {
    "saturation": lambda o: [Saturation(o.seconds)],
    "http2": lambda o: [SaturationHTTP2(o.seconds)],
    "paced": lambda o: [Paced(o.seconds, o.load, [int(rate) for rate in o.rates.split(",") if rate])],
    "bulk": lambda o: [Bulk(o.seconds, o.load)],
    "handshakes": lambda o: [Handshakes(o.seconds, o.load, *kind) for kind in KINDS],
    "connections": lambda o: [NewConnections(o.seconds, o.load)],
    "memory": lambda o: [Memory(o.load)],
    "start": lambda o: [StartUp()],
}

GATEWAY_GROUPS = {
    "gateway-handshakes": lambda o: [GatewayHandshakes(o.seconds, o.load, *kind) for kind in KINDS],
    "gateway-requests": lambda o: [GatewayRequests(o.seconds, http2) for http2 in (False, True)],
    "gateway-bulk": lambda o: [GatewayBulk(o.seconds, o.load)],
    "gateway-memory": lambda o: [GatewayMemory(o.load)],
}

# Of Apus alone, each in a cluster of its own.
MESH_GROUPS = {
    "propagation": lambda o: Propagation(o.proxies, 10),
    "mesh-size": lambda o: MeshSize([int(size) for size in o.sizes.split(",")]),
    "large-gateway": lambda o: LargeGateway(o.hosts, 9),
}


def prepare(work):
    for kind in ("ecdsa", "rsa"):
        subprocess.run(["sh", f"{HERE}/certificates.sh", f"{work}/{kind}", kind], check=True)
    os.makedirs(f"{work}/www", exist_ok=True)
    write(f"{work}/www/1k", "x" * 1023 + "\n")
    for name, size in ("1m", 1 << 20), ("64m", 64 << 20):
        with open(f"{work}/www/{name}", "wb") as file:
            file.truncate(size)


def installed(options, ours, others, work, origin):
    """Our proxy, then the others that there are, as far as they are wanted."""
    envoy, haproxy, nginx = others
    found = [*ours]
    if options.envoy:
        found.append(envoy(work, origin, options.envoy))
    if shutil.which("haproxy"):
        found.append(haproxy(work, origin))
    if shutil.which("nginx"):
        found.append(nginx(work, origin))
    wanted = [name.lower() for name in options.peers.split(",") if name]
    return [peer for peer in found if not wanted or peer.name.lower() in wanted]


def peers(options, work, origin):
    ours = [Direct(work, origin), Apus(work, origin, os.path.abspath(options.apus))]
    return installed(options, ours, (Envoy, HAProxy, Nginx), work, origin)


def gateways(options, work, origin, lab):
    ours = [ApusGateway(work, origin, os.path.abspath(options.apus), lab)]
    return installed(options, ours, (EnvoyGateway, HAProxyGateway, NginxGateway), work, origin)


def measure(group, peer, work):
    try:
        return group.measure(peer, work)
    except RuntimeError as error:
        print(f"bench: {peer.name}: {error}", file=sys.stderr)
        return {}
    finally:
        peer.stop()


def run(groups, all_peers, work, rounds):
    """{peer: {row: [a number for each round]}}."""
    results = {peer.name: {} for peer in all_peers}
    for group in groups:
        if isinstance(group, Paced):
            group.prepare(all_peers)
        # Memory does not depend on the neighbours, and takes long.
        for number in range(1 if isinstance(group, (Memory, GatewayMemory)) else rounds):
            if sys.stderr.isatty():
                print(f"\r{type(group).__name__} {number + 1}/{rounds}\x1b[K", end="", file=sys.stderr)
            for peer in all_peers:
                for row, value in measure(group, peer, work).items():
                    results[peer.name].setdefault(row, []).append(value)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    return results


MESH_ROW = Row("")


def cell(row, mine, theirs):
    if not mine:
        return "–"
    middle = statistics.median(mine)
    text = row.form.format(middle)
    if theirs:
        ratios = [a / b for a, b in zip(mine, theirs) if b]
        if ratios:
            text += f" ({statistics.median(ratios):.2f})"
    if middle and (max(mine) - min(mine)) / middle > NOISY:
        text += " ~"
    return text


def report(groups, all_peers, results):
    names = [peer.name for peer in all_peers]
    table = [["", *names]]
    for group in groups:
        for key, row in group.rows():
            theirs = results.get("Envoy", {}).get(key, [])
            table.append([row.title] + [cell(row, results[n].get(key, []), [] if n == "Envoy" else theirs) for n in names])
    widths = [max(len(line[i]) for line in table) for i in range(len(names) + 1)]
    for number, line in enumerate(table):
        print("| " + " | ".join(text.ljust(width) for text, width in zip(line, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 1) + (":" if i else "-") for i, width in enumerate(widths)) + "|")


def report_mesh(group, results):
    """A table of one column: nobody else is measured there. A row has a number, or one for each of several rounds."""
    lines = [("", "Apus", "goal"), ("-", "-:", "-:")]
    for key, title, goal in group.rows():
        found = results.get(key, [])
        lines.append((title, cell(MESH_ROW, found if isinstance(found, list) else [found], None), goal or "–"))
    for line in lines:
        print("| " + " | ".join(line) + " |")
    print()


def run_peers(options, groups, make_peers, work):
    """Measures and prints; whatever was started ends."""
    origin = free_port()
    server = subprocess.Popen(
        ["taskset", "-c", LOAD_CPU, "nginx", "-c", origin_configuration(work, origin)], stderr=subprocess.DEVNULL
    )
    all_peers = []
    try:
        wait_for(origin)
        all_peers = make_peers(origin)
        results = run(groups, all_peers, work, options.rounds)
    finally:
        for peer in all_peers:
            peer.stop()
        server.terminate()
        server.wait()
    print(", ".join(filter(None, (peer.version() for peer in all_peers))))
    print(f"Medians of {options.rounds} interleaved rounds of {options.seconds} s; in brackets the ratio to Envoy; ~ spread over 20 %\n")
    report(groups, all_peers, results)
    print()


def with_lab(options, work, body):
    lab = Lab(os.path.dirname(os.path.abspath(options.apus)), work)
    try:
        lab.start("minimal")
        body(lab)
    finally:
        lab.stop()


def run_all(options, work):
    wanted = [name for name in options.only.split(",") if name]
    unknown = [name for name in wanted if name not in {**GROUPS, **GATEWAY_GROUPS, **MESH_GROUPS}]
    if unknown:
        sys.exit(f"bench: there is no group {unknown[0]}; see --help")

    def groups(table):
        return [make for name, make in table.items() if not wanted or name in wanted]

    if pairs := [group for make in groups(GROUPS) for group in make(options)]:
        run_peers(options, pairs, lambda origin: peers(options, work, origin), work)
    if os.environ.get("APUS_BENCH_MACHINE") is None and (groups(GATEWAY_GROUPS) or groups(MESH_GROUPS)):
        return print("bench: gateways and the mesh are measured when root asks for it", file=sys.stderr)
    if edges := [group for make in groups(GATEWAY_GROUPS) for group in make(options)]:
        with_lab(
            options, work,
            lambda lab: run_peers(options, edges, lambda origin: gateways(options, work, origin, lab), work),
        )  # fmt: skip
    for make in groups(MESH_GROUPS):
        group = make(options)
        with_lab(options, work, lambda lab: report_mesh(group, group.measure(lab)))


def main():
    options = arguments()
    enter_own_machine()
    share = machine.refuse_if_busy(options.force)
    work = os.path.abspath(options.work)
    os.makedirs(work, exist_ok=True)
    prepare(work)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"{machine.describe()}; {share:.0%} in use by others before; load and server on CPU {LOAD_CPU}, proxies on {machine.PROXY_CPU}")
    print(f"`make bench ARGS=\"{' '.join(sys.argv[1:])}\"`; configuration in {options.work}", flush=True)
    try:
        run_all(options, work)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
