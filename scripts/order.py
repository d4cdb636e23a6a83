#!/usr/bin/env python3
"""Writes Sources/apus-proxy/Linking/order.txt: the functions that sidecars run, which the linker puts side by side.

Needs valgrind and a release build of apus-proxy. Two sidecars start under callgrind, and requests go through both. To be
run when much has changed: names that are gone do no harm, and new functions cost a page here and there.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, f"{ROOT}/Benchmarks/costs")

import sidecars  # noqa: E402

REQUESTS = 300


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
    with tempfile.TemporaryDirectory(prefix="apus-order.") as work:
        program, wrapper = f"{work}/apus-proxy", f"{work}/profiled"
        # Valgrind cannot read all of it.
        subprocess.run(["objcopy", "--strip-debug", f"{ROOT}/.build/release/apus-proxy", program], check=True)
        with open(wrapper, "w") as file:
            options = f"--tool=callgrind --demangle=no --callgrind-out-file={work}/profile.%p"
            file.write(f'#!/bin/sh\nexec valgrind {options} {program} "$@"\n')
        os.chmod(wrapper, 0o755)
        pair = sidecars.Pair(wrapper)
        for _ in range(3):
            client = sidecars.Client(pair.outbound)
            for _ in range(REQUESTS):
                client.request()
            client.close()
        pair.stop()
        found = {name for profile in glob.glob(f"{work}/profile.*") for name in functions(profile, program)}
    # What has no name is called by its address.
    names = sorted(name for name in found if not name.startswith("0x"))
    with open(f"{ROOT}/Sources/apus-proxy/Linking/order.txt", "w") as file:
        file.writelines(f"{name}\n" for name in names)
    print(f"order: {len(names)} functions")


main()
