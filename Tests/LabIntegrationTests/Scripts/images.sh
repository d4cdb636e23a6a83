#!/bin/bash
# The images of the mesh hold all that their programs need: each runs with nothing but its image for a file system.
# Usage: images.sh <apus-lab>
set -euo pipefail
bin=$(cd "$(dirname "$1")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
check() { if [ "$2" = "$3" ]; then echo "ok   $1"; else echo "FAIL $1: $2, not $3" && failed=$((failed + 1)); fi; }

# run IMAGE COMMAND…: as a container would, which has its own /proc, too.
run() {
    local root=$work/$1/root
    mkdir -p "$root/proc"
    unshare --mount sh -c 'mount -t proc proc "$1/proc" && exec chroot "$@"' sh "$root" "${@:2}"
}

"$(dirname "$0")/../../../scripts/images.sh" "$bin" "$work/images"
for image in apusd proxy; do
    mkdir -p "$work/$image/root"
    tar -xf "$work/images/$image.tar" -C "$work/$image"
    tar -xf "$work/$image/layer.tar" -C "$work/$image/root"
    entry=$(sed -n 's/.*"Entrypoint":\["\([^"]*\)"\].*/\1/p' "$work/$image/config.json")
    program=$bin/$(basename "$entry")
    check "$image: its program says its version" "$(run "$image" "$entry" version)" "$("$program" version)"
    digest=$(sha256sum "$work/$image/layer.tar" | cut -d' ' -f1)
    check "$image: the layer is the one that is named" "$(grep -o "sha256:$digest" "$work/$image/config.json")" "sha256:$digest"
done
check "proxy: redirects with nft" "$(run proxy /usr/sbin/nft --version)" "$(nft --version)"
echo "$failed failed"
[ "$failed" = 0 ]
