#!/bin/sh
# Looks for inputs that crash a parser, make it slow, or make it break a promise; see Tests/Fuzz.
# Usage: fuzz.sh [seconds for each parser, 60 without it] [parser...]
# What it finds is left in .build/fuzz/found, the inputs that it learned in .build/fuzz/corpus.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-60}
[ $# -eq 0 ] || shift
export APUS_FUZZ=1 SWIFT_BACKTRACE=enable=no
# No leak check: what Swift keeps for the life of a program looks like leaks.
export ASAN_OPTIONS=detect_leaks=0

resources=$(swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
driver=$(find -L "$resources/clang/" "$resources/../clang/" -name "libclang_rt.fuzzer_no_main-$(uname -m).a" 2>/dev/null |
    head -n 1)
# Optimized, for speed; testable, because most parsers are of no use to other targets.
nice -n 10 swift build -c release --product apus-fuzz --scratch-path .build/fuzz \
    -Xswiftc -enable-testing -Xswiftc -sanitize=address \
    -Xswiftc -sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp \
    -Xlinker "$driver" -Xlinker -lstdc++
program=.build/fuzz/release/apus-fuzz
# shellcheck disable=SC2046 # One word for each parser.
[ $# -gt 0 ] || set -- $("$program" 2>/dev/null | sed -n 's/[],"[]/ /g; s/^parsers: //p')

status=0
mkdir -p .build/fuzz/found
for parser; do
    mkdir -p ".build/fuzz/corpus/$parser"
    seeds="Tests/Fuzz/Seeds/$parser"
    echo "fuzz: $parser"
    nice -n 10 "$program" "$parser" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix=".build/fuzz/found/$parser-" ".build/fuzz/corpus/$parser" "$seeds" \
        >".build/fuzz/$parser.log" 2>&1 || {
        status=1
        echo "fuzz: $parser found something, see .build/fuzz/$parser.log:"
        grep -m 3 -E 'Fatal error|ERROR|SUMMARY|Test unit written' ".build/fuzz/$parser.log" || true
    }
    grep -E 'number_of_executed_units' ".build/fuzz/$parser.log" || true
done
exit $status
