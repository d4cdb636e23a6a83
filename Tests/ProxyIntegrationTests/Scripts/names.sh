#!/bin/bash
# Servers that are known by the name that a client asks for: TLS that is originated for it, and destinations that are
# wherever it leads; with real curl, and openssl as the server. In network and mount namespaces of its own; needs root.
# Usage: names.sh APUS-PROXY
set -u
if [[ ${1:-} != --inside ]]; then
    exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0" --inside "$@"
fi
proxy=$2
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=common.sh
. "$here/common.sh"
mount -t tmpfs tmpfs /run && mkdir -p /run/netns /run/lock && ip link set lo up
leave_nothing world

# The world is elsewhere: names never lead to this machine itself.
ip netns add world
ip link add out type veth peer name in netns world
ip addr add 198.51.100.1/24 dev out && ip link set out up
ip addr add 198.51.100.7/32 dev lo
ip -n world addr add 198.51.100.2/24 dev in && ip -n world addr add 198.51.100.3/24 dev in
ip -n world link set in up && ip -n world link set lo up
world() { ip netns exec world "$@"; }

cat >"$work/hosts" <<'HOSTS'
127.0.0.1 localhost back.wild.example
198.51.100.2 one.wild.example wrong.wild.example two.other.example plain.wild.example
198.51.100.3 two.wild.example three.wild.example
198.51.100.7 self.wild.example
169.254.169.254 metadata.wild.example
HOSTS
mount --bind "$work/hosts" /etc/hosts

request() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "$@" 2>/dev/null; }
request -subj "/CN=world root" -keyout "$work/ca.key" -out "$work/ca.pem"
issue() { # <file> <names>
    request -subj "/CN=$1" -CA "$work/ca.pem" -CAkey "$work/ca.key" -addext "subjectAltName=$2" \
        -addext basicConstraints=critical,CA:false -keyout "$work/$1.key" -out "$work/$1.pem"
}
issue one DNS:one.wild.example
issue two DNS:two.wild.example
issue exact DNS:exact.example,DNS:spiffe.example
issue workload URI:spiffe://cluster.local/ns/foo/sa/web

serve() { # <name> <address> <certificate> <server name> <certificate for it>: says what it was asked for, at once
    world stdbuf -oL openssl s_server -accept "$2" -cert "$work/$3.pem" -key "$work/$3.key" -www \
        -servername "$4" -cert2 "$work/$5.pem" -key2 "$work/$5.key" >"$work/$1.out" 2>&1 &
    pids+=($!)
    wait_for 30 grep -q ACCEPT "$work/$1.out" || { echo "NOT OK: $1 does not start"; exit 1; }
}
serve one 198.51.100.2:8443 one two.wild.example two
serve two 198.51.100.3:8443 two two.wild.example two
serve exact 198.51.100.2:9443 exact exact.example exact
world python3 "$here/echo.py" 198.51.100.2:8080 plain "$work/plain" >"$work/plain.out" 2>&1 &
pids+=($!)
wait_for 30 grep -q ready "$work/plain.out" || { echo "NOT OK: plain does not start"; exit 1; }

tls="\"tls\": { \"caCertificates\": \"$work/ca.pem\" }"
cat >"$work/proxy.json" <<JSON
{ "outbound": "127.0.0.1:15001", "inbound": "127.0.0.1:15006", "outboundFallback": "198.51.100.2:8443",
  "certificate": "$work/workload.pem", "key": "$work/workload.key", "roots": "$work/ca.pem",
  "accessLogFile": "$work/access.log", "otherAddresses": { "http": 80, "allowsUnknownHosts": false },
  "hosts": { "one.wild.example:80": "outbound|80||*.wild.example", "two.wild.example:80": "outbound|80||*.wild.example",
    "wrong.wild.example:80": "outbound|80||*.wild.example", "back.wild.example:80": "outbound|80||*.wild.example",
    "self.wild.example:80": "outbound|80||*.wild.example", "metadata.wild.example:80": "outbound|80||*.wild.example",
    "missing.wild.example:80": "outbound|80||*.wild.example", "two.other.example:80": "outbound|80||*.wild.example",
    "plain.wild.example:80": "outbound|81||*.wild.example",
    "one.fixed.example:80": { "routes": [ { "name": "fixed", "route": [{ "destination": "outbound|82||*.wild.example" }],
      "rewrite": { "authority": "one.wild.example" } } ] },
    "two.fixed.example:80": { "routes": [ { "name": "fixed", "route": [{ "destination": "outbound|82||*.wild.example" }],
      "rewrite": { "authority": "two.wild.example" } } ] },
    "copied.fixed.example:80": { "routes": [ { "name": "fixed", "route": [{ "destination": "outbound|82||*.wild.example" }],
      "rewrite": { "authority": "three.wild.example" }, "mirrors": [{ "destination": "outbound|80||*.wild.example" }] } ] },
    "three.fixed.example:80": "outbound|82||*.wild.example",
    "exact.example:80": "outbound|83||exact.example", "other.example:80": "outbound|83||exact.example",
    "set.example:80": "outbound|84||set.example", "198.51.100.2:80": "outbound|83||exact.example" },
  "destinations": [
    { "name": "outbound|80||*.wild.example", "resolvesRequestedHost": 8443, "protocol": "http", $tls },
    { "name": "outbound|81||*.wild.example", "resolvesRequestedHost": 8080, "protocol": "http" },
    { "name": "outbound|82||*.wild.example", "endpoints": ["198.51.100.2:8443"], "protocol": "http", $tls },
    { "name": "outbound|83||exact.example", "endpoints": ["198.51.100.2:9443"], "protocol": "http", $tls },
    { "name": "outbound|84||set.example", "endpoints": ["198.51.100.2:9443"], "protocol": "http",
      "tls": { "caCertificates": "$work/ca.pem", "sni": "spiffe.example", "subjectAltNames": ["exact.example"] } } ] }
JSON
# Server names, looked up where TLS is passed on, behind a load balancer that speaks the PROXY protocol.
cat >"$work/gateway.json" <<JSON
{ "gateway": [ { "listen": "127.0.0.1:15443", "chains": [ { "serverNames": ["*.wild.example"], "tls": "passthrough",
    "bytes": ["outbound|443||*.wild.example"] },
    { "serverNames": ["two.other.example"], "tls": "passthrough", "bytes": ["outbound|443||*.wild.example"] } ] } ],
  "accessLogFile": "$work/gateway.log", "proxyProtocol": true,
  "destinations": [ { "name": "outbound|443||*.wild.example", "resolvesRequestedHost": 8443, "protocol": "tcp" } ] }
JSON
for name in proxy gateway; do
    "$proxy" static --config "$work/$name.json" --concurrency 1 >"$work/$name.out" 2>"$work/$name.err" &
    pids+=($!)
    wait_for 30 grep -q serving "$work/$name.err" || { cat "$work/$name.err"; exit 1; }
done

get() { curl -s -m 30 -o "$work/answer" -w '%{http_code}' -H "Host: $1" http://127.0.0.1:15001/; }
logged() { # <file> <pattern>: the last line of the access log that has it
    wait_for 30 grep -q -- "$2" "$work/$1.log" || { echo "not logged"; return; }
    grep -- "$2" "$work/$1.log" | tail -1
}
asked() { # <server> <name>: whether it was asked for that name
    wait_for 30 grep -q "^Hostname in TLS extension: \"$2\"" "$work/$1.out" && echo yes
}

# TLS to a server that is given by its address
check "TLS is originated for the name of the request" '200' "$(get one.fixed.example)"
check "and for another on a connection of its own" '200' "$(get two.fixed.example)"
check "and for the first again" '200' "$(get one.fixed.example)"
check "the server was asked for each of them" 'yes yes' "$(asked one one.wild.example) $(asked one two.wild.example)"
check "a name that is not in the certificate" '503' "$(get three.fixed.example)"
check "says so in the log" '*CERTIFICATE_VERIFY_FAILED*three.fixed.example*' "$(logged access three.fixed)"
check "the wildcard itself is never asked for" '0' "$(cat "$work"/{one,two,exact}.out | grep -c 'in TLS extension: "\*')"
check "the host of the destination" '200' "$(get exact.example)"
check "with a port" '200' "$(get exact.example:80)"
check "is not what another host is verified by" '503' "$(get other.example)"
check "an address is no name: the destination's host stands for it" '200' "$(get 198.51.100.2:80)"
check "a name that is set goes before the request's" '200' "$(get set.example)"
check "it was sent" yes "$(asked exact spiffe.example)"

# Destinations that are where the name leads
check "the request's host is looked up" '200' "$(get plain.wild.example)"
check "and gets its own name" '*plain.wild.example*' "$(cat "$work/answer")"
check "a host with TLS" '200' "$(get one.wild.example)"
check "another host" '200' "$(get two.wild.example)"
check "is somewhere else" yes "$(asked two two.wild.example)"
check "a server that cannot prove the name" '503' "$(get wrong.wild.example)"
check "a name that leads back to the proxy's machine" '503DNS resolution failure' \
    "$(get back.wild.example)$(cat "$work/answer")"
check "says so in the log" '* 503 DF dns_resolution_failure *127.0.0.1*loopback*' "$(logged access back.wild)"
check "its own address" '*198.51.100.7_is_this_machine*' "$(get self.wild.example >"$work/status"; logged access self.wild)"
check "a cloud's metadata" '*link-local*' "$(get metadata.wild.example >"$work/status"; logged access metadata.wild)"
check "a name that does not exist" '503' "$(get missing.wild.example)"
check "a name outside of the wildcard" '503*not within \*.wild.example' "$(get two.other.example)$(cat "$work/answer")"
check "a copy of a request" '503' "$(get copied.fixed.example)"
check "goes where its original would" yes "$(asked two three.wild.example)"

# The same by the server name of TLS
pass() { # <server name>
    curl -s -m 30 -o "$work/answer" -w '%{http_code}' --cacert "$work/ca.pem" --connect-to ::127.0.0.1:15443 "${@:2}" \
        "https://$1/"
    echo " $?"
}
introduced() { pass "$1" --haproxy-protocol; }
check "a server name is looked up" '200 0' "$(introduced one.wild.example)"
check "another" '200 0' "$(introduced two.wild.example)"
check "a server name that leads back" '000 35' "$(introduced back.wild.example)"
check "says so in the log" '*back.wild.example*loopback*' "$(grep back.wild "$work/gateway.err")"
check "a server name outside of the wildcard" '000 35' "$(introduced two.other.example)"
check "a client that nobody introduces" '000 35' "$(pass one.wild.example)"

((failures == 0)) || { tail -n 5 "$work"/{proxy,gateway}.err; exit 1; }
