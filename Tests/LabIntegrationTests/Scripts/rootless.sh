#!/bin/bash
# A cluster and a mesh of a user who is not root, in namespaces of its own, as cluster.sh.
#
# usage: rootless.sh <apus-lab>, with the other programs beside it; needs newuidmap. Prints one line for each check; the
# exit status is 0 when all of them hold.
set -u
user=nobody
# shellcheck source=apart.sh
. "$(dirname "$(readlink -f "$0")")/apart.sh"
if [ "$(id -u)" = 0 ]; then
    mount -t tmpfs tmpfs /run
    ip link set lo up
    # Where anybody may read and run them.
    mkdir "$CLUSTER_TEST_HOME/bin" "$CLUSTER_TEST_HOME/user"
    cp "$(dirname "$1")"/{apus,apusd,apus-lab,apus-proxy} "$CLUSTER_TEST_HOME/bin"
    cp -r "$(dirname "$(readlink -f "$0")")/../../../samples" "$0" "$(dirname "$0")/apart.sh" "$CLUSTER_TEST_HOME"
    # As a whole: over a directory with mounts in it a user can put no layer.
    mkdir "$CLUSTER_TEST_HOME/upper" "$CLUSTER_TEST_HOME/work"
    mount -t overlay overlay -o "lowerdir=/etc,upperdir=$CLUSTER_TEST_HOME/upper,workdir=$CLUSTER_TEST_HOME/work" /etc
    for file in /etc/subuid /etc/subgid; do echo "$user:100000:65536" >"$file"; done
    chmod 755 "$CLUSTER_TEST_HOME"
    chown "$user" "$CLUSTER_TEST_HOME/user"
    chmod 700 "$CLUSTER_TEST_HOME/user"
    # As on a machine on which somebody runs containers.
    mkdir "$CLUSTER_TEST_HOME/mounted"
    mount -t tmpfs tmpfs "$CLUSTER_TEST_HOME/mounted"
    echo beside >"$CLUSTER_TEST_HOME/beside"
    # Not by exec: a process that becomes somebody else is no longer told that its parent is gone.
    setpriv --reuid "$user" --regid nogroup --clear-groups \
        env -u APUS_LAB_HOME -u XDG_STATE_HOME HOME="$CLUSTER_TEST_HOME/user" bash "$CLUSTER_TEST_HOME/rootless.sh"
    exit
fi

export PATH="$CLUSTER_TEST_HOME/bin:$PATH"
KUBECONFIG=$(apus-lab kubeconfig)
export KUBECONFIG
cd "$CLUSTER_TEST_HOME" || exit 1
failures=0

check() { # <what> <expected, a bash pattern> <actual>
    if [[ $3 == $2 ]]; then
        echo "ok: $1"
    else
        echo "NOT OK: $1: expected '$2', got '${3:0:600}'"
        failures=$((failures + 1))
    fi
}
process() { apus-lab status | sed -n 's/.*process \([0-9]*\).*/\1/p'; }

check "the state is the user's" "$HOME/.local/state/apus-lab/kubeconfig" "$KUBECONFIG"
check "up" "*ready*" "$(apus-lab up 2>&1)"
check "up twice" "*already running*" "$(apus-lab up 2>&1)"
check "the process is known by its number" "*apus-lab*run*" "$(tr '\0' ' ' <"/proc/$(process)/cmdline")"
check "nothing of it is seen outside" "" "$(ip -o link | grep apus; ip netns 2>/dev/null)"
kubectl apply -f - >/dev/null <<'END'
apiVersion: v1
kind: Pod
metadata: {name: one}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: app
    image: busybox
    command: [sh, -c, "id -u; touch /etc/made-here && ls /etc/made-here /etc/new/deep; exec sleep infinity"]
    volumeMounts: [{name: scratch, mountPath: /etc/new/deep}]
  - name: other
    image: busybox
    command: [sh, -c, "id -u; touch /scratch/theirs; exec sleep infinity"]
    securityContext: {runAsUser: 1337, runAsNonRoot: true}
    volumeMounts: [{name: scratch, mountPath: /scratch}]
  volumes: [{name: scratch, emptyDir: {}}]
END
check "a pod runs" "*condition met*" "$(kubectl wait --for=condition=ready pod/one --timeout=120s 2>&1)"
check "it may write, and mount where nothing was" $'0\n/etc/made-here*' "$(kubectl logs one -c app)"
check "it sees what is beside others' mounts" beside "$(kubectl exec one -c app -- cat "$CLUSTER_TEST_HOME/beside" 2>&1)"
check "nothing of that reaches the machine" "" "$(ls -d /etc/made-here /etc/new 2>/dev/null)"
check "it may run as somebody else" 1337 "$(kubectl logs one -c other)"
check "typing into it" through "$(echo through | kubectl exec -i one -c app -- cat)"

kill -9 "$(process)"
check "up after a crash" "*ready*" "$(apus-lab up 2>&1)"
check "the pod is back" "*condition met*" "$(kubectl wait --for=condition=ready pod/one --timeout=120s 2>&1)"

check "a mesh is installed" "*Installation complete*" "$(apus install -y 2>&1)"
for namespace in mesh legacy; do kubectl create namespace "$namespace" >/dev/null; done
kubectl label namespace mesh istio-injection=enabled >/dev/null
kubectl apply -n mesh -f samples/httpbin/httpbin.yaml -f samples/sleep/sleep.yaml >/dev/null
kubectl apply -n legacy -f samples/sleep/sleep.yaml >/dev/null
kubectl apply -f - >/dev/null <<'END'
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
END
for namespace in mesh legacy; do
    check "the pods of $namespace become available" "*condition met*" \
        "$(kubectl wait -n "$namespace" --for=condition=available deployment --all --timeout=120s 2>&1)"
done
call() { kubectl exec -n "$1" deploy/sleep -c sleep -- curl -sS -m 30 http://httpbin.mesh:8000/headers 2>&1; }
answer=''
for _ in $(seq 300); do
    answer=$(call mesh)
    [[ $answer == *spiffe* ]] && break
    sleep 0.2
done
check "mutual TLS between sidecars" "*spiffe://cluster.local/ns/mesh/sa/sleep*" "$answer"
check "no plaintext to a server that is STRICT" "*exit code 56" "$(call legacy)"

check "down" "*down*" "$(apus-lab down 2>&1)"
check "nothing is left" "" "$(find "$HOME/.local/state/apus-lab" 2>/dev/null; ps -u "$user" -o args= | grep -E '^(sleep|unshare|/.*/apus|runc)')"

apus-lab up >/dev/null
kubectl create deployment one --image=busybox -- sh -c 'mkdir -p /var/x; sleep infinity' >/dev/null
kubectl wait --for=condition=available deploy/one --timeout=120s >/dev/null
kill -9 "$(process)"
check "down after a crash" "*not running*" "$(apus-lab down 2>&1)"
check "nothing is left after a crash either" "" "$(find "$HOME/.local/state/apus-lab" 2>/dev/null)"
exit $((failures > 0))
