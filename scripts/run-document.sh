#!/bin/bash
# Types the commands of a page, block by block, and compares what they print with what the page shows.
#
# A block is fenced with ```console. A line that begins with "$ " is a command, with the lines that continue it or
# feed it (<<EOF); the rest of the block is what the block has to print. After "console", a word may follow:
#   includes   the output has these lines, among others
#   kinds      these lines and no others come, in any order and number
# Ages and generated names of pods are not compared. A block that only looks (get, exec, version ...) is repeated
# until it shows what it should, for at most $DOCUMENT_PATIENCE seconds: people wait for pods, too.
set -u

page=$1
patience=${DOCUMENT_PATIENCE:-30}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

split_page() {
    awk -v dir="$scratch" '
        /^ *```console/ {
            number++
            inside = 1
            indent = match($0, /[^ ]/) - 1
            file = sprintf("%s/%03d", dir, number)
            option = $0
            sub(/^ *```console */, "", option)
            print option > (file ".option")
            print NR > (file ".line")
            printf "" > (file ".sh")
            printf "" > (file ".expected")
            next
        }
        /^ *```/ { inside = 0; heredoc = 0; continued = 0; next }
        !inside { next }
        {
            line = substr($0, indent + 1)
            isCommand = heredoc || continued || line ~ /^\$ /
            if (!isCommand) { print line > (file ".expected"); next }
            if (!heredoc && !continued) sub(/^\$ /, "", line)
            print line > (file ".sh")
            if (heredoc) { if (line == "EOF") heredoc = 0 }
            else { continued = (line ~ /\\$/); heredoc = (line ~ /<<EOF/) }
        }
    ' "$page"
}

# Takes out what differs from run to run, how wide the columns are, and what a terminal has wiped away.
normalize() {
    sed -E -e 's/\r//g' -e 's/.*\x1b\[K//' -e 's/\x1b\[[0-9;]*m//g' \
        -e 's/-[a-z0-9]{8,10}-[a-z0-9]{5}\b/-POD/g' \
        -e 's/(^| )([0-9]+[smhd]){1,2}( |$)/\1AGE\3/g' \
        -e 's/ +/ /g' -e 's/ $//' -e '/^$/d'
}

# Whether the block only looks: then it can be typed again.
only_looks() {
    ! grep -qvE '^(kubectl (get|exec|wait|rollout status) |curl |testssl |openssl s_client |for |istioctl (version|proxy-|pc |ps|x |authn |analyze)|apus (matrix|explain|plan|tls-scan))' "$1"
}

matches() { # block, option
    normalize <"$1.expected" >"$1.want"
    normalize <"$1.actual" >"$1.got"
    case $2 in
    includes) ! grep -vxFf "$1.got" "$1.want" >/dev/null ;;
    kinds) [ "$(sort -u "$1.want")" = "$(sort -u "$1.got")" ] ;;
    *) cmp -s "$1.want" "$1.got" ;;
    esac
}

# Types the block on a terminal of its own, as kubectl and grep order their lines differently in a pipe.
type_block() {
    script -qec "bash -O xpg_echo $1.sh </dev/null" /dev/null >"$1.actual" 2>&1 </dev/null
}

split_page
failures=0
blocks=0
for commands in "$scratch"/*.sh; do
    [ -e "$commands" ] || { echo "$page: no blocks" >&2; exit 1; }
    block=${commands%.sh}
    option=$(cat "$block.option")
    expected=true
    grep -q . "$block.expected" || expected=false
    blocks=$((blocks + 1))
    attempts=0
    started=$SECONDS
    while :; do
        attempts=$((attempts + 1))
        type_block "$block"
        status=$?
        if [ $expected = true ]; then matches "$block" "$option" && break; else [ $status -eq 0 ] && break; fi
        if ! only_looks "$commands" || [ $((SECONDS - started)) -ge "$patience" ]; then
            failures=$((failures + 1))
            echo "$page:$(cat "$block.line"): the block does not print what the page shows (attempt $attempts, status $status)"
            sed 's/^/    $ /' "$commands"
            if [ $expected = true ]; then
                normalize <"$block.actual" | diff -u --label expected --label printed "$block.want" - | sed 's/^/    /'
            else
                sed 's/^/    /' "$block.actual"
            fi
            break
        fi
        sleep 0.2
    done
    [ -n "${DOCUMENT_VERBOSE:-}" ] && echo "$page:$(cat "$block.line"): $attempts attempt(s), $((SECONDS - started)) s"
done
echo "$page: $blocks blocks, $failures failed"
[ $failures -eq 0 ]
