#!/bin/sh
# Every test: those of the package, then the documents as written, on a cluster of their own.
set -eu
cd "$(dirname "$0")/.."
export SWIFT_BACKTRACE=enable=no

log=$(mktemp)
trap 'rm -f "$log"' EXIT INT TERM
status=0
# Those that start clusters, proxies and their judges come one at a time: they measure what others would disturb.
alone='LabIntegrationTests|LabProgramTests|ProxyIntegrationTests|TLSProgramTests|ClusterTests'
{
    swift test --skip "$alone" 2>&1 || echo "swift test failed" >"$log.failed"
    swift test --skip-build --no-parallel --filter "$alone" 2>&1 || echo "swift test failed" >"$log.failed"
} | tee "$log"
if [ -e "$log.failed" ]; then
    rm -f "$log.failed"
    status=1
fi
scripts/test-documents.sh || status=1
echo
echo "test totals:"
grep -E 'Test run with [0-9]+ tests' "$log" | sed 's/^[^T]*/  package: /' || true
[ "$status" -eq 0 ] && echo "  all passed" || echo "  FAILED, see above"
exit "$status"
