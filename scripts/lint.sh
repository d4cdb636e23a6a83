#!/bin/sh
# Format, layers and what the programs may be linked with.
set -eu
cd "$(dirname "$0")/.."

sources="Package.swift Sources Tests"
[ -d Benchmarks ] && sources="$sources Benchmarks"
echo "lint: format"
# shellcheck disable=SC2086 # A list on purpose.
swift format lint --strict -r -p $sources

echo "lint: no Foundation"
if grep -rnE '^ *(public |internal |package )?(@[A-Za-z_]+ )?import (class |struct |func )?Foundation' Sources Tests; then
    echo "lint: Foundation costs the proxy its memory and its start time; use Glibc, Base and JSON" >&2
    exit 1
fi

echo "lint: imports follow the layers"
swift build --quiet --explicit-target-dependency-import-check error

echo "lint: apus-proxy does not link Foundation"
if ldd .build/debug/apus-proxy | grep -i foundation; then
    echo "lint: apus-proxy links Foundation, see above" >&2
    exit 1
fi

if command -v shellcheck >/dev/null 2>&1; then
    echo "lint: shell"
    shellcheck .ci/run scripts/*.sh
fi
echo "lint: clean"
