#!/bin/bash
# A mesh whose control plane and proxies are killed at random moments under load: what runs goes on, what must be
# encrypted never goes in plaintext. In namespaces of its own, as cluster.sh.
#
# usage: crashes.sh <apus-lab>, with the other programs beside it. Prints one line for each check; the exit status is 0
# when all of them hold.
set -u
# shellcheck source=apart.sh
. "$(dirname "$(readlink -f "$0")")/apart.sh"

samples=$(dirname "$(readlink -f "$0")")/../../../samples
export PATH="$(dirname "$1"):$PATH" APUS_LAB_HOME="$CLUSTER_TEST_HOME/home" HOME="$CLUSTER_TEST_HOME"
export KUBECONFIG="$APUS_LAB_HOME/kubeconfig"
make_machine
failures=0

check() { # <what> <command...>
    local what=$1
    shift
    if "$@"; then echo "ok: $what"; else echo "NOT OK: $what"; failures=$((failures + 1)); fi
}

# Waits for a command to succeed; long, because whoever was killed twice waits 10 s or 20 s before it is started again.
eventually() {
    for _ in $(seq 600); do
        "$@" && return 0
        sleep 0.2
    done
    return 1
}

# Calls httpbin from the sleep pod of a namespace for ever, and writes down each answer.
call_from() { # <namespace> <file>
    kubectl exec -n "$1" deploy/sleep -c sleep -- sh -c \
        'while :; do curl -s -o /dev/null -m 30 -w "%{http_code}\n" http://httpbin.mesh:8000/ip; sleep 0.02; done' >"$2"
}
answers() { grep -c "^$2" "$1"; }
pause() { sleep "0.$((RANDOM % 7 + 2))"; }

apus-lab up >/dev/null || exit 1
apus install -y >/dev/null || exit 1
kubectl create namespace mesh >/dev/null
kubectl create namespace legacy >/dev/null
kubectl label namespace mesh istio-injection=enabled >/dev/null
kubectl apply -f - >/dev/null <<'EOF'
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
EOF
kubectl apply -n mesh -f "$samples/httpbin/httpbin.yaml" -f "$samples/sleep/sleep.yaml" >/dev/null
kubectl apply -n legacy -f "$samples/sleep/sleep.yaml" >/dev/null
for namespace in mesh legacy; do
    kubectl wait -n "$namespace" --for=condition=Available deployment --all --timeout=120s >/dev/null || exit 1
done

cd "$CLUSTER_TEST_HOME" || exit 1
touch mutual plaintext
call_from mesh mutual &
call_from legacy plaintext &
check "mutual TLS is served before" eventually grep -q ^200 mutual
check "plaintext is refused before" eventually grep -q ^000 plaintext
calm=$(wc -l <mutual)

kills=0
for _ in 1 2 3; do
    pause
    pkill -9 -x apusd && kills=$((kills + 1))
done
check "the control plane was killed" test "$kills" -gt 0
check "the control plane comes back" eventually sh -c 'kubectl get pods -n istio-system | grep -q "1/1"'
pause
check "without a control plane no request fails" test "$(tail -n "+$((calm + 1))" mutual | grep -vc '^200')" -eq 0

kills=0
for _ in 1 2 3; do
    pause
    pkill -9 -x apus-proxy && kills=$((kills + 1))
    pause
done
check "the proxies were killed" test "$kills" -gt 0
before=$(answers mutual 200)
more() { [ "$(answers mutual 200)" -gt $((before + 5)) ]; }
check "killed proxies are back and serve mutual TLS" eventually more
check "some requests were tried in between" test "$(wc -l <plaintext)" -gt 20
check "nothing was ever served in plaintext" test "$(answers plaintext 2)" -eq 0

echo "answers: $(answers mutual 200) of $(wc -l <mutual) by mutual TLS, 0 of $(wc -l <plaintext) by plaintext"
apus-lab down >/dev/null
exit $((failures > 0))
