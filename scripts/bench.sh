#!/bin/sh
# What hot paths cost; for numbers, leave the machine alone while it runs.
set -eu
cd "$(dirname "$0")/.."
if [ ! -d Benchmarks ]; then
    echo "bench: there is no Benchmarks directory" >&2
    exit 1
fi
if [ -x Benchmarks/run.sh ]; then
    exec Benchmarks/run.sh "$@"
fi
exec swift run -c release bench "$@"
