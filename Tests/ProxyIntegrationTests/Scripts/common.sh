# For other scripts to read in: checks with bash patterns, and waiting.
# shellcheck shell=bash
failures=0

check() { # <what> <expected, a bash pattern> <actual>
    # shellcheck disable=SC2053 # A pattern on purpose.
    if [[ $3 == $2 ]]; then
        echo "ok: $1"
    else
        echo "NOT OK: $1: expected '$2', got '${3:0:400}'"
        failures=$((failures + 1))
    fi
}

wait_for() { # <seconds> <command...>
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= end)); then return 1; fi
        sleep 0.02
    done
}

# Has a proxy read its configuration again, and waits until all of its threads go by it.
reload() { # <process> <log>
    local before
    before=$(grep -c 'read again' "$2")
    kill -HUP "$1"
    wait_for 60 was_read_again "$2" "$before" || echo "NOT OK: configuration is not read again: $2"
}
was_read_again() { (($(grep -c 'read again' "$1") > $2)); }

# Gives a command the text, ends its input when the answer has come, and prints all that it said.
answered() { # <text> <answer, a pattern for grep> <command...>
    local text=$1 answer=$2
    shift 2
    : >"$work/answered"
    {
        printf '%b' "$text"
        wait_for 60 grep -q "$answer" "$work/answered"
    } | "$@" >"$work/answered" 2>&1
    cat "$work/answered"
}

# Runs the script in network and PID namespaces of its own, which end with it, as does the directory `work`.
alone() { # <the script's arguments...>
    if [[ -z ${is_alone:-} ]]; then
        is_alone=1 exec unshare --net --pid --fork --kill-child --mount-proc "$0" "$@"
    fi
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    ip link set lo up
}

# Has everything end with the script: what it put into `pids`, its network namespaces, and its directory `work`.
leave_nothing() { # <network namespace...>
    work=$(mktemp -d)
    pids=()
    gateway=
    namespaces=("$@")
    trap clean_up EXIT
    trap 'exit 143' TERM INT HUP
}

clean_up() {
    for pid in "${pids[@]}" $gateway; do kill "$pid" 2>/dev/null; done
    wait 2>/dev/null
    for namespace in "${namespaces[@]}"; do ip netns del "$namespace" 2>/dev/null; done
    rm -rf "$work"
}
