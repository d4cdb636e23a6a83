#!/bin/bash
# A cluster from up to down, with the real kubectl, in namespaces of its own: whatever else runs on this machine, also
# another cluster, is neither seen nor touched.
#
# usage: cluster.sh <apus-lab>; needs root, kubectl, runc, ip, nft, curl, unshare. Prints one line for each check; the
# exit status is 0 when all of them hold. Everything it starts ends with it.
set -u
# shellcheck source=apart.sh
. "$(dirname "$(readlink -f "$0")")/apart.sh"

# The programs are where containers cannot see them and nobody but root may enter, and who starts them keeps all to
# themselves.
bin=$CLUSTER_TEST_HOME/private/programs
mkdir -p "$bin" && chmod 700 "$CLUSTER_TEST_HOME/private" && cp "$1" "$bin"
umask 077
samples=$(dirname "$(readlink -f "$0")")/../../../samples
export PATH="$bin:$PATH" APUS_LAB_HOME="$CLUSTER_TEST_HOME/home" KUBECONFIG="$CLUSTER_TEST_HOME/home/kubeconfig"
make_machine
failures=0

check() { # <what> <expected, a bash pattern> <actual>
    if [[ $3 == $2 ]]; then
        echo "ok: $1"
    else
        echo "NOT OK: $1: expected '$2', got '${3:0:600}'"
        failures=$((failures + 1))
    fi
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# All that a cluster may leave on a machine.
traces() {
    ip -o link | grep -o 'apus[^:@]*'
    ip netns | grep apus
    nft list tables
    grep -o "$CLUSTER_TEST_HOME/[^ ]*" /proc/self/mountinfo
    ps -eo args= | grep -E '^(apus-lab|gunicorn|/bin/sleep|sleep inf|runc)'
    find /run/apus-lab "$APUS_LAB_HOME" -mindepth 1 2>/dev/null
    ip route show 10.96.0.0/16
    ip route show 10.97.0.0/24
}

exec_sleep() { kubectl -n foo exec deploy/sleep -c sleep -- "$@" 2>&1; }

forwarding=$(cat /proc/sys/net/ipv4/ip_forward)
check "nothing runs at first" "*not running*" "$(apus-lab status 2>&1)"
began=$(milliseconds)
check "up" "*ready*" "$(apus-lab up 2>&1)"
took=$(($(milliseconds) - began))
echo "up took $took ms"
check "the node is ready when up says so" "True" \
    "$(kubectl get node apus-lab -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')"
check "up twice" "*already running*" "$(apus-lab up 2>&1)"
for command in down "up --port 7443"; do
    # shellcheck disable=SC2086 # Words on purpose.
    check "$command of another home touches nothing" "*another APUS_LAB_HOME runs on this machine*" \
        "$(APUS_LAB_HOME=$CLUSTER_TEST_HOME/other apus-lab $command 2>&1)"
done
check "and the node's bridge is there" "*apus0*" "$(ip -o link show apus0)"

kubectl create namespace foo >/dev/null
kubectl apply -n foo -f "$samples/httpbin/httpbin.yaml" -f "$samples/sleep/sleep.yaml" >/dev/null
check "pods become available" "*condition met*condition met*" \
    "$(kubectl -n foo wait --for=condition=available deploy --all --timeout=120s 2>&1)"
check "by name, across pods" "200" "$(exec_sleep curl -sS -o /dev/null -w '%{http_code}' http://httpbin.foo:8000/headers)"
check "a port that nobody listens on is refused at once" "*code 7" "$(exec_sleep curl -sS --max-time 30 http://httpbin.foo:81/)"
check "the API server from a pod, with the pod's token" '*"kind":*"Status"*forbidden*' "$(exec_sleep sh -c '
    cd /var/run/secrets/kubernetes.io/serviceaccount
    curl -sS --cacert ca.crt -H "Authorization: Bearer $(cat token)" https://kubernetes.default/api/v1/secrets')"
check "the cluster's keys are out of a pod's sight" "" "$(exec_sleep sh -c "find $APUS_LAB_HOME/server -type f 2>/dev/null; cat $KUBECONFIG")"
check "exit codes" "*exit code 4" "$(exec_sleep sh -c 'exit 4')"
check "a program that is not there is an error that names it" \
    'error: Internal error occurred: *: exec: "nope": executable file not found in $PATH: unknown' "$(exec_sleep nope)"
exec_sleep nope >/dev/null
check "and no exit code of a program" 1 "$?"
kubectl run user --image=busybox --restart=Never --overrides='{"spec": {"securityContext": {"runAsUser": 1337}}}' \
    -- apus-lab --help >/dev/null
check "other users than root run the cluster's programs, wherever they are" "*condition met*" \
    "$(kubectl wait pod/user --for=jsonpath='{.status.phase}'=Succeeded --timeout=120s 2>&1)"
kubectl delete pod user >/dev/null
check "standard input" "through" "$(echo through | kubectl -n foo exec -i deploy/sleep -- cat)"
check "a terminal" "*/dev/pts/*" "$(script -qec 'kubectl -n foo exec -it deploy/sleep -- tty' /dev/null </dev/null)"
check "typing into a pod's own program" "through" \
    "$(echo through | kubectl run typed -q -i --rm --restart=Never --image=busybox -- cat 2>/dev/null | head -1)"
echo | kubectl run failing -q -i --rm --restart=Never --image=busybox -- sh -c 'read line; exit 7' >/dev/null 2>&1
check "its exit code" 7 "$?"
check "a terminal of its own" "*/dev/pts/0*" \
    "$(script -qec 'kubectl run terminal -it --rm --restart=Never --image=busybox -- tty' /dev/null </dev/null)"
timeout 1 kubectl -n foo exec deploy/sleep -c sleep -- sleep 7654
for _ in $(seq 600); do pgrep -f 'sleep 7654' >/dev/null || break; sleep 0.05; done
check "a command ends when its user leaves" "" "$(pgrep -f 'sleep 7654')"
check "logs" "*Listening at*" "$(kubectl -n foo logs deploy/httpbin)"

kubectl -n foo port-forward deploy/httpbin :80 >"$CLUSTER_TEST_HOME/forward" 2>&1 &
forward=$!
for _ in $(seq 600); do grep -q 127.0.0.1 "$CLUSTER_TEST_HOME/forward" && break; sleep 0.05; done
port=$(sed -n 's/.*127.0.0.1:\([0-9]*\).*/\1/p' "$CLUSTER_TEST_HOME/forward" | head -1)
check "port-forward" '*"origin"*127.0.0.1*' "$(curl -sS --max-time 30 "http://127.0.0.1:$port/ip" 2>&1)"
kill "$forward"

kubectl -n foo scale deploy/httpbin --replicas=2 >/dev/null
check "scale" "*successfully rolled out*" "$(kubectl -n foo rollout status deploy/httpbin --timeout=120s)"
kubectl -n foo set env deploy/httpbin CHANGED=yes >/dev/null
check "rollout" "*successfully rolled out*" "$(kubectl -n foo rollout status deploy/httpbin --timeout=120s)"
kubectl -n foo rollout undo deploy/httpbin >/dev/null
check "undo" "*successfully rolled out*" "$(kubectl -n foo rollout status deploy/httpbin --timeout=120s)"
check "the undone change is undone" "" \
    "$(kubectl -n foo get deploy httpbin -o jsonpath='{.spec.template.spec.containers[0].env}')"

# A stranger, as if beyond a network card of this machine.
ip netns add stranger
ip link add outside type veth peer name eth0 netns stranger
ip address add 192.0.2.1/24 dev outside && ip link set outside up
ip -n stranger address add 192.0.2.2/24 dev eth0 && ip -n stranger link set eth0 up
ip -n stranger route add default via 192.0.2.1
service_field() { kubectl -n foo get service productpage -o jsonpath="{$1}"; }
fetch() { curl -sS --max-time "${2:-30}" -o /dev/null -w '%{http_code}' "$1" 2>&1; }
kubectl apply -n foo -f "$samples/bookinfo/productpage.yaml" >/dev/null
kubectl -n foo patch service productpage -p '{"spec": {"type": "LoadBalancer"}}' >/dev/null
check "a LoadBalancer gets an address" "*condition met*" "$(kubectl -n foo wait service/productpage \
    --for=jsonpath='{.status.loadBalancer.ingress[0].ip}' --timeout=120s 2>&1)"
external=$(service_field .status.loadBalancer.ingress[0].ip)
check "of the lab's own" "10.97.0.*" "$external"
check "which kubectl shows" "*LoadBalancer*$external*9080:3*/TCP*" "$(kubectl -n foo get service productpage)"
kubectl -n foo wait --for=condition=available deploy/productpage-v1 --timeout=120s >/dev/null
check "it is reached from this machine" 200 "$(fetch "http://$external:9080/productpage")"
node=$(kubectl get node apus-lab -o jsonpath='{.status.addresses[?(@.type=="InternalIP")].address}')
check "so is its node port" 200 "$(fetch "http://$node:$(service_field .spec.ports[0].nodePort)/productpage")"
check "it is reached from a pod" 200 "$(exec_sleep curl -sS -o /dev/null -w '%{http_code}' "http://$external:9080/productpage")"
check "a port that it does not have is refused at once" "curl: (7)*" "$(curl -sS --max-time 30 "http://$external:81/" 2>&1)"
from_stranger() { ip netns exec stranger curl -sS --max-time 1 "$1" 2>&1; }
check "the stranger reaches this machine" "curl: (7)*" "$(from_stranger "http://192.0.2.1:1/")"
check "but not the LoadBalancer" "curl: (28)*" "$(from_stranger "http://$external:9080/productpage")"
check "nor the node port" "curl: (28)*" "$(from_stranger "http://$node:$(service_field .spec.ports[0].nodePort)/")"
ip netns delete stranger
kubectl -n foo patch service productpage -p '{"spec": {"type": "ClusterIP"}}' >/dev/null
for _ in $(seq 600); do [ -z "$(service_field .status.loadBalancer.ingress)" ] && break; sleep 0.05; done
for _ in $(seq 600); do curl -s -o /dev/null --max-time 30 "http://$external:9080/" || break; sleep 0.05; done
check "a Service that is none any more gives its address back" "curl: (7)*" "$(curl -sS --max-time 30 "http://$external:9080/" 2>&1)"
kubectl delete -n foo -f "$samples/bookinfo/productpage.yaml" >/dev/null

kubectl create job hello --image=busybox -- echo hello >/dev/null
check "a job completes" "*condition met*" "$(kubectl wait --for=condition=complete job/hello --timeout=120s 2>&1)"
check "its log" "hello" "$(kubectl logs job/hello)"
kubectl run nobody --image=nginx >/dev/null
check "an image without a program waits and says what to do" "*command:*" "$(
    kubectl wait --for=jsonpath='{.status.containerStatuses[0].state.waiting.reason}'=ErrImageNeverPull pod/nobody --timeout=120s >/dev/null
    kubectl get pod nobody -o jsonpath='{.status.containerStatuses[0].state.waiting.message}')"

kill -9 "$(pgrep -xf '.*apus-lab run.*' | head -1)"
check "up after a crash" "*ready*" "$(apus-lab up 2>&1)"
check "the pods are back" "*condition met*condition met*" \
    "$(kubectl -n foo wait --for=condition=available deploy --all --timeout=120s 2>&1)"
sleeps() { ps -eo args= | grep -c '^/bin/sleep'; }
for _ in $(seq 600); do [ "$(sleeps)" = 1 ] && break; sleep 0.05; done
check "no container of the time before is left" 1 "$(sleeps)"
check "and they reach each other" "200" "$(exec_sleep curl -s --retry 30 --retry-delay 1 --retry-all-errors -o /dev/null -w '%{http_code}' http://httpbin.foo:8000/ip)"

began=$(milliseconds)
kubectl delete namespace foo >/dev/null
took=$(($(milliseconds) - began))
echo "deleting the namespace took $took ms"
check "the namespace is gone" "*NotFound*" "$(kubectl get namespace foo 2>&1)"

check "down" "*down*" "$(apus-lab down 2>&1)"
check "nothing is left" "" "$(traces)"
check "forwarding is as before" "$forwarding" "$(cat /proc/sys/net/ipv4/ip_forward)"

apus-lab up >/dev/null
kubectl create deployment one --image=busybox -- sleep infinity >/dev/null
kubectl wait --for=condition=available deploy/one --timeout=120s >/dev/null
kill -9 "$(pgrep -xf '.*apus-lab run.*' | head -1)"
apus-lab down >/dev/null
check "nothing is left after a crash either" "" "$(traces)"
exit $((failures > 0))
