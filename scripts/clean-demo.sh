#!/bin/sh
# Removes what the demo left: the cluster with everything in it.
# Usage: clean-demo.sh <directory of the programs>
set -eu
cd "$(dirname "$0")/.."
bin=${1:-.build/release}
[ -x "$bin/apus-lab" ] || bin=.build/debug
if [ ! -x "$bin/apus-lab" ]; then
    echo "clean-demo: nothing has been built here, so nothing runs from here" >&2
    exit 0
fi
"$bin/apus-lab" down
