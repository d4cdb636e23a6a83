#!/bin/bash
# Compares what testssl.sh finds at an address with what a gateway's TLS settings must lead to, row by row.
#
#   scripts/compare-testssl.sh HOST:PORT min12|only12|only13 [file-for-testssl's-output]
#
# The three columns are a minimum of TLS 1.2, TLS 1.2 alone and TLS 1.3 alone, with an RSA certificate; the table of
# expectations has 6 rows for protocols and 35 for clients. Exit status 0 says that all 41 agree.
set -euo pipefail

address=${1:?usage: compare-testssl.sh HOST:PORT min12|only12|only13 [output]}
column=${2:?usage: compare-testssl.sh HOST:PORT min12|only12|only13 [output]}
table=$(dirname "$0")/../Tests/Documents/gateway-tls-versions.tsv
command -v testssl >/dev/null || { echo "compare-testssl: testssl.sh is missing; run scripts/dependencies.sh" >&2; exit 2; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
output=${3:-$scratch/output}

# Its exit status counts findings, which are looked at below.
timeout 300 testssl --protocols --client-simulation --color 0 --warnings off --quiet "$address" \
    >"$output" 2>"$scratch/errors" </dev/null || [ $? -ne 124 ] || { echo "compare-testssl: no end after 300 s" >&2; exit 2; }

awk -F '\t' -v column="$column" '
    /^#/ { next }
    !index_of { for (i = 2; i <= NF; i++) if ($i == column) index_of = i; if (!index_of) exit 3; next }
    { print $1 "\t" $index_of }
' "$table" >"$scratch/expected" || { echo "compare-testssl: no column $column in $table" >&2; exit 2; }

# Both to: kind, name, tab, what was found.
awk '
    /^ *(SSLv[23]|TLS 1|TLS 1\.[123])  / {
        line = $0
        sub(/^ */, "", line)
        name = line
        sub(/  .*/, "", name)
        found = "no"
        if (line ~ /downgraded to a weaker protocol/) found = "downgraded"
        else if (line ~ / offered/ && line !~ /not offered/) found = "yes"
        print "protocol " name "\t" found
    }
    /client simulations/ { clients = 1; next }
    clients && /^ +[A-Za-z].*(No connection|TLSv1\.[0-9]|SSLv[23])/ {
        line = $0
        sub(/^ */, "", line)
        at = match(line, /  +(No connection|TLSv1\.?[0-9]?|SSLv[23])/)
        if (!at) next
        name = substr(line, 1, at - 1)
        rest = substr(line, at)
        gsub(/,/, " ", rest)
        gsub(/^ +| +$/, "", rest)
        gsub(/ +/, " ", rest)
        if (rest ~ /^No connection/) rest = "-"
        else {
            split(rest, word, " ")
            group = rest
            if (sub(/.*\(/, "", group)) sub(/\).*/, "", group); else group = "none"
            rest = word[1] " " word[2] " " group
        }
        print "client " name "\t" rest
    }
' "$output" >"$scratch/found"

failures=0
rows=0
while IFS=$'\t' read -r what expected; do
    rows=$((rows + 1))
    found=$(awk -F '\t' -v what="$what" '$1 == what { print $2; exit }' "$scratch/found")
    if [ "$found" != "$expected" ]; then
        failures=$((failures + 1))
        echo "$what: expected $expected, found ${found:-no such row}"
    fi
done <"$scratch/expected"
echo "$address as $column: $((rows - failures)) of $rows rows agree"
if [ $failures -gt 0 ]; then
    sed 's/^/    /' "$output" "$scratch/errors"
    exit 1
fi
