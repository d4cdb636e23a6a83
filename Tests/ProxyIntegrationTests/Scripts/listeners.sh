#!/bin/bash
# Where proxies listen and where the application is: ports, loopback, Unix sockets; with real curl.
# In a network namespace of its own; needs root. Usage: listeners.sh APUS-PROXY
set -u
proxy=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=common.sh
. "$here/common.sh"
alone "$@"
ip addr add 10.0.0.1/32 dev lo

start() { # <name> <address>: an application
    python3 "$here/echo.py" "$2" "$1" "$work/$1" >"$work/$1.out" 2>"$work/$1.err" &
    wait_for 30 grep -q ready "$work/$1.out" || { echo "NOT OK: $1 does not start"; exit 1; }
}
start loopback 127.0.0.1:8080
start workload 10.0.0.1:8081
start unix "$work/app.sock"

write_sidecar() { # <further listeners>
    cat >"$work/sidecar.json.new" <<JSON
{ "outbound": "127.0.0.1:15001", "inbound": "127.0.0.1:15006", "inboundFallback": "10.0.0.1:80",
  "inboundPolicy": { "otherMode": "PERMISSIVE",
    "listeners": [
      { "listen": "10.0.0.1:9001", "direction": "inbound" }, { "listen": "10.0.0.1:9002", "direction": "inbound" },
      { "listen": "10.0.0.1:9003", "direction": "inbound" }, { "listen": "10.0.0.1:9004", "direction": "inbound" },
      { "listen": "127.0.0.1:9080" } $1 ],
    "ports": [
      { "number": 9001, "protocol": "http", "endpoint": "127.0.0.1:8080" },
      { "number": 9002, "protocol": "http", "endpoint": "0.0.0.0:8081" },
      { "number": 9003, "protocol": "http", "endpoint": "unix://$work/app.sock" },
      { "number": 9004, "protocol": "tcp", "endpoint": "unix://$work/app.sock" },
      { "number": 9005, "protocol": "http", "mode": "STRICT", "endpoint": "127.0.0.1:8080" } ] },
  "addresses": { "127.0.0.1:9080": { "http": 9080, "allowsUnknownHosts": false } },
  "hosts": { "web.foo:9080": "outbound|9080||web.foo", "sealed.foo:9080": "outbound|9080||sealed.foo" },
  "destinations": [ { "name": "outbound|9080||web.foo", "endpoints": ["127.0.0.1:8080"] },
    { "name": "outbound|9080||sealed.foo", "endpoints": ["127.0.0.1:8080"], "tls": "ISTIO_MUTUAL" } ],
  "otherAddresses": "blackHole" }
JSON
    mv "$work/sidecar.json.new" "$work/sidecar.json"
}

write_gateway() { # <listen>
    cat >"$work/gateway.json.new" <<JSON
{ "gateway": [ { "listen": "$1", "chains": [{ "routes": "http" }] } ],
  "routeTables": [ { "name": "http", "port": 0, "serverHosts": ["*"], "virtualHosts": [
    { "domains": ["*"], "routes": [{ "prefix": "/", "destination": "outbound|8080||web.foo" }] } ] } ],
  "destinations": [ { "name": "outbound|8080||web.foo", "endpoints": ["127.0.0.1:8080"] } ] }
JSON
    mv "$work/gateway.json.new" "$work/gateway.json"
}

run() { # <name>: a proxy
    "$proxy" static --config "$work/$1.json" --concurrency 2 >"$work/$1.out" 2>"$work/$1.err" &
    wait_for 30 grep -q serving "$work/$1.err" || { cat "$work/$1.err"; exit 1; }
}
get() { curl -s -m 20 -w ' %{http_code}' "$@"; }

write_sidecar ''
run sidecar
sidecar=$!
check "defaultEndpoint 127.0.0.1" '*"name": "loopback"*200' "$(get http://10.0.0.1:9001/)"
check "defaultEndpoint 0.0.0.0 is the workload's own address" '*"name": "workload"*200' "$(get http://10.0.0.1:9002/)"
check "defaultEndpoint on a Unix socket, HTTP" '*"name": "unix"*200' "$(get http://10.0.0.1:9003/)"
check "defaultEndpoint on a Unix socket, bytes" '*"name": "unix"*200' "$(get http://10.0.0.1:9004/)"
for _ in 1 2 3 4; do get http://10.0.0.1:9003/ >/dev/null; done
check "several requests on a Unix socket" '*"name": "unix"*200*"name": "unix"*200' \
    "$(get http://10.0.0.1:9003/one http://10.0.0.1:9003/two)"
check "an egress listener routes by host" '*"name": "loopback"*200' "$(get -H 'Host: web.foo' http://127.0.0.1:9080/)"
check "and knows no others" ' 502' "$(get -H 'Host: other.foo' http://127.0.0.1:9080/)"
check "without a certificate no request is sent" '*reset reason: local connection failure 503' \
    "$(get -H 'Host: sealed.foo' http://127.0.0.1:9080/)"
check "and one attempt is made" 1 "$(grep -c 'no certificate yet' "$work/sidecar.err")"
check "a listener that is not there" '7' "$(curl -s -m 20 http://10.0.0.1:9005/; echo $?)"
write_sidecar ', { "listen": "10.0.0.1:9005", "direction": "inbound" }'
reload $sidecar "$work/sidecar.err"
check "a new listener is opened, and obeys its port's policy" '56' "$(curl -s -m 20 http://10.0.0.1:9005/; echo $?)"
write_sidecar ''
reload $sidecar "$work/sidecar.err"
check "and closed again" '7' "$(curl -s -m 20 http://10.0.0.1:9005/; echo $?)"

# A Gateway's bind on a Unix socket.
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$work/gateway.sock"
write_gateway "unix://$work/gateway.sock"
run gateway
gateway=$!
wait_for 30 curl -s -m 20 --unix-socket "$work/gateway.sock" http://any.example/
check "a gateway on a Unix socket, whose file was left behind" '*"name": "loopback"*200' \
    "$(get --unix-socket "$work/gateway.sock" http://any.example/)"
check "its clients have no address" '0' \
    "$(get --unix-socket "$work/gateway.sock" http://any.example/ | grep -c -e x-forwarded-for -e external-address)"
check "sixteen connections at once" '16' "$(for i in {1..16}; do
    get -o /dev/null --unix-socket "$work/gateway.sock" "http://any.example/$i" & done | grep -o 200 | wc -l)"
write_gateway unix://@apus-test-gateway
reload $gateway "$work/gateway.err"
wait_for 30 curl -s -m 20 --abstract-unix-socket apus-test-gateway http://any.example/
check "in the abstract namespace" '*"name": "loopback"*200' \
    "$(get --abstract-unix-socket apus-test-gateway http://any.example/)"
wait_for 30 test ! -e "$work/gateway.sock"
check "the file goes with the server" 1 "$([[ ! -e $work/gateway.sock ]] && echo 1)"
write_gateway "unix://$work/app.sock"
reload $gateway "$work/gateway.err"
wait_for 30 grep -q "cannot listen on unix://$work/app.sock" "$work/gateway.err"
check "a socket that somebody listens on is not taken" 0 $?
check "and goes on" '*"name": "unix"*200' "$(get --unix-socket "$work/app.sock" http://any.example/)"

if ((failures > 0)); then tail -20 "$work"/{sidecar,gateway}.err; fi
echo "$failures checks failed"
exit $((failures > 0))
