#!/bin/bash
# Brings up a cluster and a mesh on this machine, and walks through a migration to mutual TLS.
# Usage: demo.sh <directory of the programs>
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$(cd "${1:-.build/release}" && pwd)
ln -sf apus "$bin/istioctl"
export PATH="$bin:$PATH"

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi

say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
# Shows a command as it would be typed, and runs it.
type_in() {
    printf '%s$ %s%s\n' "$dim" "$1" "$plain"
    eval "$1"
}
# Shows a manifest from standard input, and applies it to namespace full.
apply_shown() {
    local manifest
    manifest=$(cat)
    printf '%s\n' "$manifest"
    kubectl apply -n full -f - <<<"$manifest"
}
# The matrix of who reaches whom, measured: what each server saw of each client.
show_matrix() { type_in "apus matrix --measure --from app=sleep --to httpbin"; }

say "1. A cluster on this machine"
type_in "apus-lab up"
# shellcheck source=scripts/lab.sh
. scripts/lab.sh
use_lab

say "2. A mesh on the cluster"
type_in "istioctl manifest apply --set profile=demo --set values.global.mtls.auto=true --set values.global.mtls.enabled=false"
type_in "istioctl version"

say "3. Three namespaces at three stages of a migration: all pods with a sidecar, some, none"
for namespace in full partial legacy; do kubectl create namespace "$namespace" >/dev/null 2>&1 || true; done
type_in "kubectl apply -n full -f <(istioctl kube-inject -f samples/httpbin/httpbin.yaml) -f <(istioctl kube-inject -f samples/sleep/sleep.yaml)"
type_in "kubectl apply -n partial -f <(istioctl kube-inject -f samples/httpbin/httpbin.yaml)"
kubectl apply -n partial -f - <<'EOF'
apiVersion: apps/v1
kind: Deployment
metadata:
  name: httpbin-nosidecar
spec:
  selector:
    matchLabels: {app: httpbin, version: nosidecar}
  template:
    metadata:
      labels: {app: httpbin, version: nosidecar}
    spec:
      containers:
      - name: httpbin
        image: docker.io/kennethreitz/httpbin
        ports:
        - containerPort: 80
        readinessProbe:
          httpGet: {path: /status/200, port: 80}
          periodSeconds: 1
EOF
type_in "kubectl apply -n legacy -f samples/httpbin/httpbin.yaml -f samples/sleep/sleep.yaml"
for namespace in full partial legacy; do
    kubectl wait -n "$namespace" --for=condition=Available deployment --all --timeout=60s >/dev/null
done
type_in "kubectl get pods --all-namespaces"
show_matrix

policy() {
    cat <<EOF
apiVersion: authentication.istio.io/v1alpha1
kind: Policy
metadata:
  name: httpbin
spec:
  targets:
  - name: httpbin
$1
EOF
}

say "4. httpbin.full accepts mutual TLS only: clients with a sidecar notice nothing, plaintext is reset"
policy $'  peers:\n  - mtls: {}' | apply_shown
show_matrix

say "5. httpbin.full accepts plaintext only: clients follow by themselves"
policy "" | apply_shown
show_matrix

say "6. A DestinationRule overrules the clients: mutual TLS to a server that no longer speaks it fails, and says why"
apply_shown <<'EOF'
apiVersion: networking.istio.io/v1alpha3
kind: DestinationRule
metadata:
  name: httpbin-full-mtls
spec:
  host: httpbin.full.svc.cluster.local
  trafficPolicy:
    tls:
      mode: ISTIO_MUTUAL
EOF
show_matrix
type_in "apus explain sleep.full httpbin.full:8000"

say "7. Back to mutual TLS"
kubectl delete -n full destinationrule httpbin-full-mtls
kubectl delete -n full policies.authentication.istio.io httpbin
show_matrix

say "The mesh keeps running. To go on:"
cat <<EOF
    export PATH="$bin:\$PATH" KUBECONFIG=$KUBECONFIG
    kubectl get pods --all-namespaces
    apus matrix                                     who reaches whom, and why
    apus explain sleep.full httpbin.partial:8000    one connection, from both ends
    apus plan -f samples/policies/strict.yaml       what a change would do
    istioctl proxy-status                           who has which configuration
    kubectl logs -n full deploy/httpbin -c istio-proxy
    make clean-demo                                 remove every trace
EOF
