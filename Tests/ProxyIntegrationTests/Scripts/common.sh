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
