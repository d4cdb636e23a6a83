"""What the measurements run on: programs, CPUs, and whether anybody else is using them."""
import json
import os
import platform
import re
import resource
import socket
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")
# The load and the origin have one CPU, all proxies another.
LOAD_CPU, PROXY_CPU = ("0", "1") if (os.cpu_count() or 1) > 1 else ("0", "0")


def raise_descriptor_limit():
    """Ten thousand connections need more than most shells give; returns what can be had."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (65536, max(65536, most)))
        return 65536
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        return most


DESCRIPTORS = raise_descriptor_limit()


def sh(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout


def load_json(program, *arguments):
    """Runs the load generator and returns what it prints."""
    done = subprocess.run(["taskset", "-c", LOAD_CPU, program, *map(str, arguments)], capture_output=True, text=True)
    if not done.stdout:
        raise RuntimeError(done.stderr.strip() or f"{program} said nothing")
    return json.loads(done.stdout)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(port, process=None):
    """Waits until something accepts on the port of this machine."""
    for _ in range(2000):
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{process.args[3]} ended with status {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.005)
    raise RuntimeError(f"nothing listens on port {port}")


def busy_share():
    """The share of all CPUs that was in use during half a second."""

    def times():
        fields = [int(x) for x in open("/proc/stat").readline().split()[1:9]]
        return sum(fields), fields[3] + fields[4]

    total, idle = times()
    time.sleep(0.5)
    total_later, idle_later = times()
    return 1 - (idle_later - idle) / max(1, total_later - total)


def refuse_if_busy(is_forced):
    share = busy_share()
    if share > 0.1 and not is_forced:
        sys.exit(
            f"bench: {share:.0%} of the CPUs are in use by others, so the numbers would mean little; "
            "stop what runs, or give --force"
        )
    return share


def cpu_model():
    match = re.search(r"model name\s*:\s*(.*)", open("/proc/cpuinfo").read())
    return match.group(1) if match else platform.machine()


def describe():
    return f"{os.cpu_count()} CPUs, {cpu_model()}, Linux {platform.release()}"
