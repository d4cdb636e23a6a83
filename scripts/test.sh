#!/bin/bash
# Every test: those of the package, then the documents as written, each on a cluster of its own.
#
# Most tests watch real programs on a machine that others may use, too. A suite or a page that fails gets one second
# attempt, alone. The totals name it, so that what is unsteady is seen and mended, and repeat what was complained of.
#
# The programs that tests start are those of the directory that APUS_PROGRAMS names, or else the debug build.
#
# Root's run is apart from the machine, in namespaces of its own: a cluster that runs here, the demo's for example, is
# neither disturbed nor in the way, and whatever a test starts ends with the run.
set -uo pipefail
cd "$(dirname "$0")/.."
export SWIFT_BACKTRACE=enable=no
if [ "$(id -u)" = 0 ] && [ "${1:-}" != --inside ]; then
    APUS_LAB_HOME=$(mktemp -d /var/tmp/apus-test.XXXXXX)
    export APUS_LAB_HOME
    trap 'rm -rf "$APUS_LAB_HOME"' EXIT
    unshare --mount --net --pid --fork --kill-child --mount-proc scripts/test.sh --inside
    exit
elif [ "$(id -u)" = 0 ]; then
    mount -t tmpfs tmpfs /run
    mkdir /run/netns /run/lock
    ip link set lo up
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
totals=()
complaints=()

logged() { "$@" 2>&1 | tee "$log"; }

# Keeps what the log complains of for the end.
complain() {
    local line
    while read -r line; do complaints+=("${line:0:1000}"); done < <(
        grep -A3 -E '^✘ Test .* recorded an issue|error: |: [0-9]+ blocks, [1-9][0-9]* failed$' "$log" |
            grep -vE '^(◇|✔|--)|, 0 failed$' | head -n 60
    )
}

# again NAME COMMAND…: the second attempt.
again() {
    echo "second attempt: $1"
    if logged "${@:2}"; then
        totals+=("unsteady, passed at the second attempt: $1")
    else
        complain
        totals+=("FAILED: $1")
    fi
}

# package ARGUMENTS…: the tests that swift test runs with the arguments.
package() {
    local passed=true suites suite
    logged swift test "$@" || passed=false
    totals+=("package: $(sed -n 's/.*\(Test run with [0-9].*\)/\1/p' "$log" | tail -n 1)")
    $passed && return
    complain
    suites=$(sed -n 's/^✘ Suite \([A-Za-z0-9_]*\) failed.*/\1/p' "$log" | sort -u)
    if [ -z "$suites" ]; then
        totals+=("FAILED: swift test $*")
        return
    fi
    for suite in $suites; do
        again "$suite" swift test --skip-build --no-parallel --filter "\\.$suite(/|\$)"
    done
}

documents() {
    local passed=true pages page
    logged scripts/test-documents.sh || passed=false
    totals+=("$(tail -n 1 "$log")")
    $passed && return
    complain
    pages=$(sed -n 's/: [0-9]* blocks, [1-9][0-9]* failed$//p' "$log")
    [ -n "$pages" ] || totals+=("FAILED: scripts/test-documents.sh")
    for page in $pages; do
        again "$page" scripts/test-documents.sh "$page"
    done
}

# Those that start clusters, proxies and their judges come one at a time: they measure what others would disturb.
alone='LabIntegrationTests|LabProgramTests|ProxyIntegrationTests|TLSProgramTests|ClusterTests'
package --skip "$alone"
package --skip-build --no-parallel --filter "$alone"
# What only scripts/fuzz.sh runs has to compile at least.
if ! logged env APUS_FUZZ=1 swift build --target apus-fuzz; then
    complain
    totals+=("FAILED: the build of apus-fuzz")
fi
documents

echo
if [ ${#complaints[@]} -gt 0 ]; then
    echo "complaints:"
    printf '  %s\n' "${complaints[@]}"
fi
echo "test totals:"
printf '  %s\n' "${totals[@]}"
case "${totals[*]}" in
*FAILED:*) exit 1 ;;
esac
