"""The programs that make load: each runs on the load's CPU, and is an error when requests failed."""
import contextlib
import re
import select
import subprocess
import sys

from machine import DESCRIPTORS, LOAD_CPU, sh


def on_load_cpu(*command):
    return sh("taskset", "-c", LOAD_CPU, *command)


def wrk(connections, seconds, url, host=None):
    """HTTP/1.1; returns requests per second, and how many in all."""
    header = ["-H", f"Host: {host}"] if host else []
    text = on_load_cpu("wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *header, url)
    match = re.search(r"(\d+) requests in", text)
    requests = int(match.group(1)) if match else 0
    if "Non-2xx" in text or requests == 0:
        raise RuntimeError(text or "wrk said nothing")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)), requests


def h2load(connections, seconds, url, host=None):
    """HTTP/2, 10 streams a connection; returns requests per second, and how many in all."""
    header = ["-H", f":authority: {host}"] if host else []
    text = on_load_cpu(
        "h2load", "-t1", f"-c{connections}", "-m10", f"-D{seconds}", "--warm-up-time=0", *header, url
    )  # fmt: skip
    match = re.search(r"(\d+) succeeded", text)
    good = int(match.group(1)) if match else 0
    is_http2 = not url.startswith("https:") or "Application protocol: h2" in text
    if good == 0 or int(re.search(r"(\d+) 2xx", text).group(1)) < good or not is_http2:
        raise RuntimeError(text or "h2load said nothing")
    return float(re.search(r"([\d.]+) req/s", text).group(1)), good


@contextlib.contextmanager
def held(load, peer, port, count, *flags):
    """So many idle connections while the block runs; gives whether they are there."""
    command = [load, "hold", "--port", str(port), "--connections", str(count), *flags]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        is_there = select.select([process.stdout], [], [], 120)[0] and b"held" in process.stdout.readline()
        if not is_there:
            print(f"bench: {peer.name} does not take {count} connections with {DESCRIPTORS} descriptors", file=sys.stderr)
        yield is_there
    finally:
        process.kill()
        process.wait()
