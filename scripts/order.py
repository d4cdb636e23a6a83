#!/usr/bin/env python3
"""Writes Sources/apus-proxy/Linking/order.txt: the functions that proxies run, which the linker puts side by side.

Needs valgrind, root, and a release build of all programs in a directory that everybody may read. The demo's sidecars and
gateways run under callgrind, and so do two sidecars with static configuration and more requests. To be run when much has
changed: names that are gone do no harm, and functions that are missing cost a page here and there.
"""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, f"{ROOT}/Benchmarks/costs")

import sidecars  # noqa: E402

REQUESTS = 300
# Which of a pod's own directories its proxy may write to.
WRITABLE = "/etc/istio/proxy"


def prepare(directory, profiles):
    """The programs, of which apus-proxy profiles itself; callgrind writes every two million blocks of instructions."""
    os.makedirs(directory)
    for program in ("apus", "apusd", "apus-lab"):
        os.link(os.path.realpath(f"{ROOT}/.build/release/{program}"), f"{directory}/{program}")
    program = f"{directory}/apus-proxy.profiled"
    # Valgrind cannot read all of what is stripped.
    subprocess.run(["objcopy", "--strip-debug", f"{ROOT}/.build/release/apus-proxy", program], check=True)
    options = "--tool=callgrind --vgdb=no --demangle=no --dump-every-bb=2000000"
    with open(f"{directory}/apus-proxy", "w") as file:
        file.write(f"""#!/bin/sh
case $1 in
proxy) profiles={WRITABLE} ;;
static) profiles={profiles} ;;
*) exec {program} "$@" ;;
esac
exec valgrind -q {options} --callgrind-out-file="$profiles/profile.%p" {program} "$@"
""")
    os.chmod(f"{directory}/apus-proxy", 0o755)
    return program


def run_requests(directory):
    pair = sidecars.Pair(f"{directory}/apus-proxy")
    for _ in range(3):
        client = sidecars.Client(pair.outbound)
        for _ in range(REQUESTS):
            client.request()
        client.close()
    pair.stop()


def run_demo(directory, profiles):
    try:
        subprocess.run([f"{ROOT}/scripts/demo.sh", directory], check=True, stdout=subprocess.DEVNULL)
        for root in glob.glob("/proc/[0-9]*/root"):
            for profile in glob.glob(f"{root}{WRITABLE}/profile.*"):
                shutil.copy(profile, f"{profiles}/{root.replace('/', '-')}-{os.path.basename(profile)}")
    finally:
        subprocess.run([f"{ROOT}/scripts/clean-demo.sh", directory], check=True, stdout=subprocess.DEVNULL)


def functions(profile, program):
    """The names of the program's own functions in a profile, in which a name is written once and numbered."""
    names, objects, current = {}, {}, ""
    for line in open(profile, errors="replace"):
        if not (match := re.match(r"(c?ob|c?fn)=\((\d+)\)(?: (.*))?", line)):
            continue
        kind, number, name = match.groups()
        table = objects if kind.endswith("ob") else names
        if name:
            table[number] = name
        if kind == "ob":
            current = table[number]
        elif kind == "fn" and current == program:
            yield table[number].partition("'")[0]


def main():
    directory = f"{ROOT}/.build/order"
    shutil.rmtree(directory, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="apus-order.") as profiles:
        program = prepare(directory, profiles)
        run_requests(directory)
        run_demo(directory, profiles)
        found = {name for profile in os.listdir(profiles) for name in functions(f"{profiles}/{profile}", program)}
    shutil.rmtree(directory)
    # What has no name is called by its address.
    names = sorted(name for name in found if not name.startswith("0x"))
    with open(f"{ROOT}/Sources/apus-proxy/Linking/order.txt", "w") as file:
        file.writelines(f"{name}\n" for name in names)
    print(f"order: {len(names)} functions")


main()
