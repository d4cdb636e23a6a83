#!/bin/bash
# Gateways in a cluster: real certificates in Secrets, good and bad, replaced under load, and real clients. In namespaces
# of its own, as cluster.sh.
#
# usage: gateways.sh <apus-lab>, with the other programs beside it; needs root, kubectl, curl, openssl, and python3 with
# grpcio and websockets. Prints one line for each check; the exit status is 0 when all of them hold.
set -u
# shellcheck source=apart.sh
. "$(dirname "$(readlink -f "$0")")/apart.sh"

here=$(dirname "$(readlink -f "$0")")
samples=$here/../../../samples
export PATH="$(dirname "$1"):$PATH" APUS_LAB_HOME="$CLUSTER_TEST_HOME/home" HOME="$CLUSTER_TEST_HOME"
export KUBECONFIG="$APUS_LAB_HOME/kubeconfig"
make_machine
cd "$CLUSTER_TEST_HOME" || exit 1
python=/usr/bin/python3
failures=0
# shellcheck source=gateways/material.sh
. "$here/gateways/material.sh"

report() { # <what> <whether it holds: 0> <what was seen instead>
    if [ "$2" = 0 ]; then echo "ok: $1"; else echo "NOT OK: $1: ${3:0:1500}"; failures=$((failures + 1)); fi
}

# Repeats a command until what it prints matches a bash pattern, for at most 60 s.
check() { # <what> <pattern> <command...>
    local what=$1 pattern=$2 end=$((SECONDS + 60)) attempt=0 seen
    shift 2
    while :; do
        attempt=$((attempt + 1))
        seen=$("$@" 2>&1)
        # shellcheck disable=SC2053 # A pattern on purpose.
        [[ $seen == $pattern ]] && { report "$what" 0; return; }
        [ $SECONDS -ge $end ] && { report "$what" 1 "expected '$pattern', got '$seen'"; return; }
        sleep 0.1
    done
}

# The code of the answer and curl's own, of a request to a host through the gateway.
get() { # <host> [<path> [curl's options]]
    local host=$1 path=${2:-/ip}
    shift; [ $# -gt 0 ] && shift
    curl -s -o /dev/null -w '%{http_code} %{exitcode}' -m 20 --cacert root.pem --resolve "$host:443:$address" "$@" "https://$host$path"
}
with_certificate() { get "$1" /ip --cert client.pem --key client.key; }
handshake() { openssl s_client -connect "$address:443" -servername "$@" </dev/null 2>&1; }
from_mesh() { kubectl exec -n mesh deploy/sleep -c sleep -- curl -s -m 20 -w ' %{http_code}' "$@"; }
status_of() { kubectl get gateway "$1" -o jsonpath='{.status.conditions}'; }
# What was printed when it was last looked at; a check that is not content with that looks again.
recalled() { # <file> <command...>
    local file=$1
    shift
    if [ ! -e "$file" ] || [ "$attempt" -gt 1 ]; then "$@" >"$file" 2>&1; fi
    cat "$file"
}
gateway_log() { recalled gateway.log kubectl logs -n istio-system deploy/istio-ingressgateway --tail=-1; }
plane_log() { recalled plane.log kubectl logs -n istio-system deploy/istiod --tail=-1; }
broken_status() { recalled broken.status status_of broken; }
analysis() { recalled analysis istioctl analyze -A; }

apus-lab up >/dev/null || exit 1
apus install -y >/dev/null || exit 1
istioctl() { apus "$@"; }
kubectl create namespace mesh >/dev/null
kubectl label namespace mesh istio-injection=enabled >/dev/null
kubectl apply -n mesh -f "$samples/httpbin/httpbin.yaml" -f "$samples/sleep/sleep.yaml" >/dev/null
# As an argument, for a checkout below /tmp is not seen in a pod, which has its own.
kubectl create deployment applications -n mesh --image=debian --dry-run=client -o json -- \
    "$python" -c "$(cat "$here/gateways/applications.py")" | kubectl apply -f - >/dev/null
make_authorities
make_site_certificates
make_broken_secrets
{
    secret site tls.crt=site.pem tls.key=site.key
    secret rotated tls.crt=rotated.pem tls.key=rotated.key
} | cat - broken.yaml "$here/gateways/objects.yaml" | kubectl apply -f - >/dev/null || exit 1
kubectl wait -n mesh --for=condition=Available deployment --all --timeout=120s >/dev/null || exit 1
address=$(kubectl get service istio-ingressgateway -n istio-system -o jsonpath='{.status.loadBalancer.ingress[0].ip}')
kubectl apply -f - >/dev/null <<YAML
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: across, namespace: mesh}
spec:
  hosts: [across.example]
  location: MESH_INTERNAL
  resolution: STATIC
  addresses: [240.0.0.1]
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 443}]
  endpoints: [{address: $address}]
YAML

# What works.
check "a site is served" "200 0" get site.example
check "a path without route is 404" "404 0" get site.example /admin
check "a host without route is 404" "404 0" get secret.example
check "a VirtualService that names another gateway is told, with the likely name" \
    '*lost*"sites-of-last-week" (did you mean "sites"?)*' istioctl analyze
check "an unknown server name is reset" "000 35" get nobody.example
check "plaintext where there is TLS is reset" "000 56" curl -s -o /dev/null -m 20 -w '%{http_code} %{exitcode}' "http://$address:443/"
check "httpsRedirect" "301 https://redirected.example/a?b" curl -s -o /dev/null -m 20 -w '%{http_code} %{redirect_url}' \
    -H 'Host: redirected.example' "http://$address/a?b"
check "a host of another server on the same HTTP/2 connection is 421" "421 0" get site.example /ip --http2 -H 'Host: shared.example'
check "which has its own" "200 0" get shared.example /ip --http2
check "gRPC through TLS" "hello onetwothree FAILED_PRECONDITION not now: 100% UNIMPLEMENTED" \
    "$python" "$here/gateways/clients.py" "$address" root.pem grpc grpc.example
check "WebSocket through TLS" "hello 100000" "$python" "$here/gateways/clients.py" "$address" root.pem websocket sockets.example

# Certificates in files, where each gateway has certain Secrets as soon as they are there.
kubectl apply -f - >/dev/null <<YAML
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: files}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: files, protocol: HTTPS}
      hosts: [files.example]
      tls:
        mode: MUTUAL
        serverCertificate: /etc/istio/ingressgateway-certs/tls.crt
        privateKey: /etc/istio/ingressgateway-certs/tls.key
        caCertificates: /etc/istio/ingressgateway-ca-certs/root.pem
YAML
check "files that are not there: reset" "000 35" with_certificate files.example
check "files that are not there: the status names them" \
    '*server files: its connections fail, as /etc/istio/ingressgateway-*cannot be read*' status_of files
issue files
{
    secret istio-ingressgateway-certs tls.crt=files.pem tls.key=files.key
    secret istio-ingressgateway-ca-certs root.pem=root.pem
} | kubectl apply -f - >/dev/null
check "files that have come: served" "404 0" with_certificate files.example
check "files that have come: the status says so" '*"status":"True"*' status_of files
check "and client certificates are asked for" "000 @(35|55|56)" get files.example
kubectl delete gateway files >/dev/null

# What only the gateway's proxy finds out.
kubectl apply -f - >/dev/null <<YAML
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: failing}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: curves, protocol: HTTPS}
      hosts: [curves.example]
      tls: {mode: SIMPLE, credentialName: site, ecdhCurves: [X25519MLKEM768]}
    - port: {number: 15021, name: taken, protocol: HTTP}
      hosts: ["*"]
    - port: {number: 15090, name: also, protocol: HTTP}
      hosts: ["*"]
YAML
unsettled() { istioctl proxy-status | grep 'refuses Gateway default/failing'; }
curves='none of ecdhCurves X25519MLKEM768 can be used here'
taken='0.0.0.0:15021 cannot be listened on'
check "a curve that the proxy lacks: reset" "000 35" get curves.example
for seen in "curves: *$curves" "taken: *$taken"; do
    check "server ${seen%%:*}: the status of the Gateway names it" "*server $seen*" status_of failing
    check "server ${seen%%:*}: so does the control plane's log" "*Gateway default/failing*server $seen*" plane_log
    check "server ${seen%%:*}: so does istioctl analyze" "*[(]Gateway default/failing)*server $seen*" analysis
    check "server ${seen%%:*}: so does istioctl proxy-status" "*refuses Gateway default/failing server $seen*" unsettled
done
kubectl delete gateway failing >/dev/null
check "once it is gone nothing is refused any more" "" unsettled

# TLS that a sidecar originates with a secret, which it has never asked for before: to the gateway, as if it were far away.
namespace=mesh secret origin-cacert cacert=root.pem | kubectl apply -f - >/dev/null
kubectl apply -f - >/dev/null <<YAML
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: origin, namespace: mesh}
spec:
  hosts: [site.example]
  location: MESH_EXTERNAL
  resolution: STATIC
  addresses: [240.0.0.2]
  ports:
    - {number: 80, name: http, protocol: HTTP, targetPort: 443}
    - {number: 81, name: http-plain, protocol: HTTP, targetPort: 80}
    - {number: 82, name: tcp, protocol: TCP, targetPort: 443}
  endpoints: [{address: $address}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: origin, namespace: mesh}
spec:
  host: site.example
  workloadSelector: {matchLabels: {app: sleep}}
  trafficPolicy:
    tls: {mode: SIMPLE, credentialName: origin, sni: site.example}
    portLevelSettings: [{port: {number: 81}, tls: {mode: SIMPLE, caCertificates: /nowhere}}]
YAML
first() { from_mesh -o /dev/null --connect-to ::240.0.0.2: "http://site.example:$1/ip"; }
check "a rule whose file is not there is in force: nothing is sent in plaintext" ' 503' first 81
for port in 80 82; do
    seen=$(first $port 2>&1)
    report "port $port: the first request waits for the secret" "$([ "$seen" = ' 200' ]; echo $?)" "$seen"
done

# The mesh's own TLS at the gateway.
check "ISTIO_MUTUAL: a workload of the mesh, by its identity" '*URI=spiffe://cluster.local/ns/mesh/sa/sleep*200' \
    from_mesh -H 'Host: mesh.example' http://istio-ingressgateway.istio-system:443/headers
check "ISTIO_MUTUAL: nobody else" '*certificate required*' handshake mesh.example -tls1_3
check "AUTO_PASSTHROUGH: a workload reaches the other's own certificate" '*URI=spiffe://cluster.local/ns/mesh/sa/sleep*200' \
    from_mesh --resolve across.example:80:240.0.0.1 http://across.example/headers
check "AUTO_PASSTHROUGH: the certificate is not the gateway's" '*O = cluster.local*' handshake outbound_.8000_._.httpbin.mesh.svc.cluster.local -alpn istio
check "AUTO_PASSTHROUGH: other clients are reset" '*no peer certificate*' \
    handshake outbound_.8000_._.httpbin.mesh.svc.cluster.local -alpn h2
check "AUTO_PASSTHROUGH: services of other namespaces are reset" '*no peer certificate*' \
    handshake outbound_.443_._.kubernetes.default.svc.cluster.local -alpn istio

# Secrets with defects: each takes down its own host, and is named where people look.
named_everywhere() { # <server> <pattern for status> <pattern for the gateway's log> <pattern for analyze>
    check "$1: the status of the Gateway names it" "*server $1: its connections fail, as $2*" broken_status
    check "$1: so does the control plane's log" "*Gateway default/broken*server $1: its connections fail, as $2*" plane_log
    check "$1: so does the gateway's log" "*$1*$3*" gateway_log
    check "$1: so does istioctl analyze" "*[(]Gateway default/broken) $4*" analysis
}
down=(missing elsewhere nokey mismatch garbage expired modern noroots badlist)
for name in "${down[@]}"; do
    check "$name: its connections are reset" "000 35" with_certificate "$name.example"
done
for name in oldlist foreignlist; do
    check "$name: client certificates are refused" "000 @(35|55|56)" with_certificate "$name.example"
done
check "early: clients refuse it" "000 60" get early.example
for name in disordered strangers; do check "$name: the chain is put right" "200 0" get "$name.example"; done
check "disordered: the intermediate follows the certificate" '*0 s:CN = disordered*1 s:CN = middle*' handshake disordered.example -showcerts
check "a site beside them is served" "200 0" get site.example
ns=istio-system
named_everywhere missing "secret $ns/missing not found" "secret $ns/missing not found" \
    "Referenced credentialName not found: \"missing\""
named_everywhere elsewhere "secret $ns/elsewhere not found" "secret $ns/elsewhere not found" \
    "Referenced credentialName not found: \"elsewhere\" (there is no Secret $ns/elsewhere*"
named_everywhere nokey "secret $ns/nokey: found secret, but didn't have expected keys" "didn't have expected keys" \
    "*Secret $ns/nokey: *expected keys (cert and key) or (tls.crt and tls.key); found: tls.crt"
named_everywhere mismatch "secret $ns/mismatch: its key is not that of its certificate (plain.example)" \
    "give the key that the certificate was made for" "*Secret $ns/mismatch: its key is not that"
named_everywhere garbage "secret $ns/garbage: its certificate cannot be read" "no PEM certificate found" \
    "*Secret $ns/garbage: its certificate cannot be read"
named_everywhere expired "secret $ns/expired: its certificate (expired.example) expired at" "has expired at" \
    "*Secret $ns/expired: its certificate (expired.example) expired at"
named_everywhere early "secret $ns/early: its certificate (early.example) is not valid before" "is not valid before" \
    "*Secret $ns/early: its certificate (early.example) is not valid before"
named_everywhere modern "secret $ns/modern: *has Ed25519 as its key" "has Ed25519 as its key" \
    "*Secret $ns/modern: *has Ed25519 as its key"
named_everywhere noroots "secret $ns/noroots: found secret, but didn't have expected keys cacert or ca.crt" \
    "didn't have expected keys cacert or ca.crt" "*Secret $ns/noroots: *expected keys cacert or ca.crt"
named_everywhere badlist "secret $ns/badlist: its revocation list cannot be read" "no PEM revocation list found" \
    "*Secret $ns/badlist: its revocation list cannot be read"
named_everywhere oldlist "secret $ns/oldlist: its revocation list of CN=root ran out at" "revocation list of CN=root ran out" \
    "*Secret $ns/oldlist: its revocation list of CN=root ran out"
named_everywhere foreignlist "secret $ns/foreignlist: its revocation list of CN=foreign is not that of CN=root" \
    "revocation list of CN=foreign is not that of CN=root" "*Secret $ns/foreignlist: its revocation list of CN=foreign"
check "what its analyzer finds is not told again as a condition" 0 grep -c "IST0171.*broken" analysis
check "what was put right is told" '*disordered*out of order*' gateway_log
check "also by istioctl analyze" '*Secret istio-system/strangers*not sent, as not part of the chain*' analysis
check "a Gateway without defects is accepted" '*"status":"True"*' status_of sites

# Mended, each host is served without a restart.
broken=("${down[@]}" early oldlist foreignlist)
mend_secrets "${broken[@]}"
kubectl apply -f mended.yaml >/dev/null
for name in "${broken[@]}"; do
    check "$name: served as soon as it is mended" "200 0" with_certificate "$name.example"
done
check "and the Gateway is accepted" '*"status":"True"*' status_of broken

# Replaced under load: no connection is lost, and new ones get the new certificate.
clients() { "$python" "$here/gateways/clients.py" "$address" root.pem "$@"; }
clients load rotated.example "$PWD/ended" >load.out 2>&1 &
loader=$!
(until [ -e ended ]; do h2load -n 500 -c 4 -m 4 "--connect-to=$address:443" https://rotated.example/ip; done) >h2load.out 2>&1 &
h2loader=$!
for round in 1 2 3 4 5; do
    rm -f rotated.key
    issue rotated
    secret rotated tls.crt=rotated.pem tls.key=rotated.key | kubectl apply -f - >/dev/null
    took=$(clients await rotated.example rotated.pem 60 2>&1)
    [[ $took =~ ^[0-9]+$ ]]
    report "the certificate of round $round is served ($took ms after kubectl returned)" $? "$took"
done
touch ended
wait $loader
report "no connection is lost and no request fails" "$([[ $(cat load.out) == "failed 0 enough"* ]]; echo $?)" "$(cat load.out)"
wait $h2loader
lost=$(grep '^requests:' h2load.out | grep -v ' 500 succeeded, 0 failed, 0 errored, 0 timeout' | head -3)
report "h2load's connections lose nothing, either" "$([ -z "$lost" ] && grep -q '^requests:' h2load.out; echo $?)" "$lost"
echo "    $(cat load.out), and $(grep -c '^requests:' h2load.out) times 500 over HTTP/2"

clients farewell site.example >farewell.out 2>&1 &
waiter=$!
until [ -s farewell.out ]; do sleep 0.1; done
kubectl delete pod -n istio-system -l istio=ingressgateway --wait=false >/dev/null
wait $waiter
check "a gateway that ends asks HTTP/2 clients to begin no more, and then says which was the last" $'ready\n7fffffff 0 ended' \
    cat farewell.out

apus-lab down >/dev/null
echo "$failures checks failed"
exit $((failures > 0))
