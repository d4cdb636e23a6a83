#!/bin/bash
# Executes the pages of docs/tasks, and Istio's own in Tests/Documents, each on a cluster and a mesh of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
bin=${APUS_PROGRAMS:-$root/.build/debug}
[ -n "${APUS_PROGRAMS:-}" ] || swift build >/dev/null
ln -sf apus "$bin/istioctl"
export PATH="$bin:$PATH"
# shellcheck source=scripts/lab.sh
. scripts/lab.sh

if apus-lab status >/dev/null 2>&1; then
    echo "test-documents: a cluster runs on this machine already; apus-lab down (or make clean-demo) first" >&2
    exit 1
fi

scratch=$(mktemp -d)
clean() {
    apus-lab down >/dev/null 2>&1 || true
    rm -rf "$scratch"
}
trap clean EXIT
ln -s "$root/samples" "$scratch/samples"

pages=("$@")
[ ${#pages[@]} -gt 0 ] || pages=("$root"/docs/tasks/*.md "$root"/Tests/Documents/*.md)
failed=0
for page in "${pages[@]}"; do
    page=$(realpath "$page")
    apus-lab up >/dev/null
    use_lab
    (cd "$scratch" && "$root/scripts/run-document.sh" "$page") || failed=$((failed + 1))
    apus-lab down >/dev/null
done
echo "documents: ${#pages[@]} pages, $failed failed"
[ "$failed" -eq 0 ]
