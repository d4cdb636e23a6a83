#!/usr/bin/env python3
"""Two sidecars with mutual TLS between a load generator and a server: Apus beside Envoy, HAProxy and nginx, in one run.

Load and server run on one CPU, all proxies on another. Rounds are interleaved, so that a neighbour's load meets all
alike. The table shows medians, in brackets the ratio to Envoy, and `~` behind numbers whose rounds differ by more than
20 %: those are too noisy to compare.
"""
import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys

import machine
from apus import Apus
from envoy import Envoy
from haproxy import HAProxy
from machine import LOAD_CPU, free_port, wait_for, write
from nginx import Nginx, origin_configuration
from peer import Direct
from rows import Bulk, Handshakes, Memory, NewConnections, Paced, Saturation, SaturationHTTP2, StartUp

HERE = os.path.dirname(os.path.abspath(__file__))
NOISY = 0.2


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apus", required=True, help="the release build of apus-proxy")
    parser.add_argument("--load", required=True, help="the load generator, bench-load")
    parser.add_argument("--envoy", help="Envoy's program; left out without it")
    parser.add_argument("--work", required=True, help="a directory for configuration and logs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--only", default="", help=f"groups, separated by commas: {', '.join(GROUPS)}")
    parser.add_argument("--peers", default="", help="names, separated by commas; default: all that are installed")
    parser.add_argument("--rates", default="2000,4000,8000,12000", help="requests per second of the paced group")
    parser.add_argument("--force", action="store_true", help="run on a busy machine, too")
    return parser.parse_args()


GROUPS = {
    "saturation": lambda o: [Saturation(o.seconds)],
    "http2": lambda o: [SaturationHTTP2(o.seconds)],
    "paced": lambda o: [Paced(o.seconds, o.load, [int(r) for r in o.rates.split(",")])],
    "bulk": lambda o: [Bulk(o.seconds, o.load)],
    "handshakes": lambda o: [
        Handshakes(o.seconds, o.load, kind, resumes) for kind in ("ecdsa", "rsa") for resumes in (False, True)
    ],
    "connections": lambda o: [NewConnections(o.seconds, o.load)],
    "memory": lambda o: [Memory(o.load)],
    "start": lambda o: [StartUp()],
}


def prepare(work):
    for kind in ("ecdsa", "rsa"):
        subprocess.run(["sh", f"{HERE}/certificates.sh", f"{work}/{kind}", kind], check=True)
    os.makedirs(f"{work}/www", exist_ok=True)
    write(f"{work}/www/1k", "x" * 1023 + "\n")
    with open(f"{work}/www/64m", "wb") as file:
        file.truncate(64 << 20)


def peers(options, work, origin):
    found = [Direct(work, origin), Apus(work, origin, os.path.abspath(options.apus))]
    if options.envoy:
        found.append(Envoy(work, origin, options.envoy))
    if shutil.which("haproxy"):
        found.append(HAProxy(work, origin))
    if shutil.which("nginx"):
        found.append(Nginx(work, origin))
    wanted = [name.lower() for name in options.peers.split(",") if name]
    return [peer for peer in found if not wanted or peer.name.lower() in wanted]


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
        # Memory does not depend on the neighbours, and takes long.
        for number in range(1 if isinstance(group, Memory) else rounds):
            if sys.stderr.isatty():
                print(f"\r{type(group).__name__} {number + 1}/{rounds}\x1b[K", end="", file=sys.stderr)
            for peer in all_peers:
                for row, value in measure(group, peer, work).items():
                    results[peer.name].setdefault(row, []).append(value)
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)
    return results


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


def main():
    options = arguments()
    share = machine.refuse_if_busy(options.force)
    work = os.path.abspath(options.work)
    os.makedirs(work, exist_ok=True)
    prepare(work)
    unknown = [name for name in options.only.split(",") if name and name not in GROUPS]
    if unknown:
        sys.exit(f"bench: there is no group {unknown[0]}; there are {', '.join(GROUPS)}")
    groups = [g for name, make in GROUPS.items() if not options.only or name in options.only.split(",") for g in make(options)]
    origin = free_port()
    server = subprocess.Popen(
        ["taskset", "-c", LOAD_CPU, "nginx", "-c", origin_configuration(work, origin)], stderr=subprocess.DEVNULL
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    all_peers = peers(options, work, origin)
    try:
        wait_for(origin)
        results = run(groups, all_peers, work, options.rounds)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        for peer in all_peers:
            peer.stop()
        server.terminate()
        server.wait()
    print(f"{machine.describe()}; {share:.0%} in use by others before; load and server on CPU {LOAD_CPU}, proxies on {machine.PROXY_CPU}")
    print(", ".join(filter(None, (peer.version() for peer in all_peers))))
    print(f"`make bench ARGS=\"{' '.join(sys.argv[1:])}\"`; configuration in {options.work}")
    print(f"Medians of {options.rounds} interleaved rounds of {options.seconds} s; in brackets the ratio to Envoy; ~ spread over 20 %\n")
    report(groups, all_peers, results)


if __name__ == "__main__":
    main()
