#!/bin/bash
# Two network namespaces, each with a sidecar, real packet filter rules, real curl and openssl.
#
# usage: sidecars.sh <apus-proxy>; needs root, ip, nft, curl, openssl, python3, setpriv. Prints one line for each check;
# the exit status is 0 when all of them hold. Leaves nothing behind, whatever happens.
set -u
proxy=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
id=apx$$
# shellcheck source=common.sh
. "$here/common.sh"
leave_nothing "$id-c" "$id-s"

client() { ip netns exec "$id-c" "$@"; }
server() { ip netns exec "$id-s" "$@"; }

# The network: 10.77.0.1 (client) and 10.77.0.2 (server); 10.78.0.0/24 stands for service addresses.
ip netns add "$id-c"
ip netns add "$id-s"
ip link add "$id-a" type veth peer name "$id-b"
ip link set "$id-a" netns "$id-c" name eth0
ip link set "$id-b" netns "$id-s" name eth0
for end in c:1 s:2; do
    ip -n "$id-${end%:*}" addr add "10.77.0.${end#*:}/24" dev eth0
    ip -n "$id-${end%:*}" link set eth0 up
    ip -n "$id-${end%:*}" link set lo up
done
ip -n "$id-c" route add default via 10.77.0.2

# Certificates: a mesh CA and a foreign one.
issue() { # <name> <uri> <ca>
    openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key" 2>/dev/null
    openssl req -new -key "$work/$1.key" -subj / -out "$work/$1.csr" 2>/dev/null
    printf 'subjectAltName=critical,URI:%s\n' "$2" >"$work/$1.ext"
    openssl x509 -req -in "$work/$1.csr" -CA "$work/$3.pem" -CAkey "$work/$3.key" -CAcreateserial -days 1 \
        -extfile "$work/$1.ext" -out "$work/$1.pem" 2>/dev/null
}
for ca in root foreign; do
    openssl ecparam -name prime256v1 -genkey -noout -out "$work/$ca.key" 2>/dev/null
    openssl req -x509 -new -key "$work/$ca.key" -days 1 -subj "/O=$ca" -out "$work/$ca.pem" 2>/dev/null
done
issue client spiffe://cluster.local/ns/foo/sa/sleep root
issue server spiffe://cluster.local/ns/foo/sa/httpbin root
issue stranger spiffe://cluster.local/ns/foo/sa/sleep foreign
issue outsider spiffe://other.domain/ns/foo/sa/sleep root
chmod 644 "$work"/*
chmod 755 "$work"

write_server() { # <mode> [<minimum version>]
    cat >"$work/server.json.new" <<JSON
{ "certificate": "$work/server.pem", "key": "$work/server.key", "roots": "$work/root.pem",
  "accessLogFile": "$work/server.log",
  "inboundPolicy": { "otherMode": "$1", "minimumVersion": "${2:-}", "ports": [
    { "number": 8080, "protocol": "http", "mode": "$1", "reason": "PeerAuthentication foo/default" },
    { "number": 8082, "protocol": "auto", "mode": "$1" },
    { "number": 9000, "protocol": "tcp", "mode": "$1" },
    { "number": 9025, "protocol": "tcp", "mode": "$1" },
    { "number": 9443, "protocol": "tcp", "mode": "$1" } ] },
  "otherAddresses": "passthrough" }
JSON
    mv "$work/server.json.new" "$work/server.json"
}

write_client() { # <other addresses> <allows unknown hosts>
    cat >"$work/client.json" <<JSON
{ "certificate": "$work/client.pem", "key": "$work/client.key", "roots": "$work/root.pem",
  "accessLogFile": "$work/client.log", "otherAddresses": "$1",
  "inboundPolicy": { "otherMode": "PERMISSIVE" },
  "addresses": { "10.78.0.10:8000": { "http": 8000, "allowsUnknownHosts": $2 },
    "10.78.0.10:8002": { "http": 8002, "other": "outbound|8002||auto.foo" },
    "10.78.0.10:9000": { "tcp": "outbound|9000||tcp.foo" }, "10.78.0.10:9025": { "tcp": "outbound|9025||smtp.foo" } },
  "hosts": { "httpbin.foo:8000": "outbound|8000||httpbin.foo", "plain.foo:8000": "outbound|8001||plain.foo",
    "empty.foo:8000": "outbound|8003||empty.foo", "wrong.foo:8000": "outbound|8004||wrong.foo",
    "dead.foo:8000": "outbound|8005||dead.foo", "tls2plain.foo:8000": "outbound|8006||tls2plain.foo",
    "auto.foo:8002": "outbound|8002||auto.foo" },
  "destinations": [
    { "name": "outbound|8000||httpbin.foo", "endpoints": ["10.77.0.2:8080"], "tls": "ISTIO_MUTUAL",
      "subjectAltNames": ["spiffe://cluster.local/ns/foo/sa/httpbin"] },
    { "name": "outbound|8001||plain.foo", "endpoints": ["10.77.0.2:8080"] },
    { "name": "outbound|8003||empty.foo", "endpoints": [] },
    { "name": "outbound|8004||wrong.foo", "endpoints": ["10.77.0.2:8080"], "tls": "ISTIO_MUTUAL",
      "subjectAltNames": ["spiffe://cluster.local/ns/foo/sa/somebody-else"] },
    { "name": "outbound|8005||dead.foo", "endpoints": ["10.77.0.2:1"] },
    { "name": "outbound|8006||tls2plain.foo", "endpoints": ["10.77.0.2:15000"], "tls": "ISTIO_MUTUAL" },
    { "name": "outbound|8002||auto.foo", "endpoints": ["10.77.0.2:8082"], "tls": "ISTIO_MUTUAL" },
    { "name": "outbound|9000||tcp.foo", "endpoints": ["10.77.0.2:9000"], "tls": "ISTIO_MUTUAL" },
    { "name": "outbound|9025||smtp.foo", "endpoints": ["10.77.0.2:9025"], "tls": "ISTIO_MUTUAL" } ] }
JSON
}

start_sidecar() { # <c or s> <name>
    ip netns exec "$id-$1" "$proxy" istio-iptables -p 15001 -z 15006 -u 1337 -m REDIRECT -i '*' -x "" -b '*' \
        -d 15090,15021,15020 2>>"$work/$2.err" || echo "NOT OK: rules in $2"
    ip netns exec "$id-$1" setpriv --reuid 1337 --regid 1337 --clear-groups \
        "$proxy" static --config "$work/$2.json" --concurrency 2 >"$work/$2.out" 2>>"$work/$2.err" &
    pids+=($!)
    wait_for 30 grep -q serving "$work/$2.err" || { cat "$work/$2.err"; exit 1; }
}

touch "$work"/{server,client}.log "$work"/{server,client}.err
chmod 666 "$work"/*.log "$work"/*.err
ip netns exec "$id-s" python3 "$here/applications.py" 10.77.0.2 "$work/server.pem" "$work/server.key" >"$work/applications.out" 2>&1 &
pids+=($!)
wait_for 30 grep -q ready "$work/applications.out" || { cat "$work/applications.out"; exit 1; }
write_server PERMISSIVE
write_client passthrough true
start_sidecar s server

# One call of the matrix, without a sidecar at the client: prints what came of it.
call() { # <kind> <port>
    case $1 in
    http) client curl -s -m 3 -o /dev/null -w '%{http_code}' "http://10.77.0.2:$2/"; echo " exit $?" ;;
    bytes) echo ping | client timeout 3 curl -s -m 2 --http0.9 "telnet://10.77.0.2:$2" 2>/dev/null | head -c 4; echo " exit ${PIPESTATUS[1]}" ;;
    https) client curl -sk -m 3 -o /dev/null -w '%{http_code}' "https://10.77.0.2:$2/"; echo " exit $?" ;;
    mesh) printf 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' | client timeout 3 openssl s_client -quiet \
        -alpn "$3" -cert "$work/client.pem" -key "$work/client.key" -connect "10.77.0.2:$2" 2>/dev/null | head -1 ;;
    esac
}

http_alpn=istio-http/1.1,istio,http/1.1
bytes_alpn=istio-peer-exchange,istio
for mode in DISABLE PERMISSIVE STRICT; do
    write_server $mode
    reload "${pids[1]}" "$work/server.err"
    # Port: 8080 http, 9000 tcp, 9443 tcp whose application speaks TLS, 8082 auto, 8081/9001/9444 undeclared.
    if [[ $mode == STRICT ]]; then plain='000 exit 56' bytes=' exit *'; else plain='200 exit 0' bytes='ping*'; fi
    for port in 8080 8082 8081; do check "$mode: plaintext HTTP to $port" "$plain" "$(call http $port)"; done
    for port in 9000 9001; do check "$mode: plaintext bytes to $port" "$bytes" "$(call bytes $port)"; done
    # The alert comes after the client's end of the handshake: curl meets it when it sends (55) or receives (56).
    if [[ $mode == STRICT ]]; then tls='000 exit 5[56]'; else tls='200 exit 0'; fi
    for port in 9443 9444; do check "$mode: the application's TLS to $port" "$tls" "$(call https $port)"; done
    if [[ $mode == STRICT ]]; then tls='000 exit 5[56]'; else tls='000 exit 35'; fi
    check "$mode: foreign TLS to an HTTP port" "$tls" "$(call https 8080)"
    if [[ $mode == DISABLE ]]; then mesh=''; else mesh='HTTP/1.1 200 OK*'; fi
    for port in 8080 8082 8081; do
        check "$mode: mutual TLS with HTTP to $port" "$mesh" "$(call mesh $port $http_alpn)"
        check "$mode: mutual TLS with bytes to $port" "$mesh" "$(call mesh $port $bytes_alpn)"
    done
    if [[ $mode == DISABLE ]]; then mesh=''; else mesh='GET / HTTP/1.1*'; fi
    check "$mode: mutual TLS to the echo port" "$mesh" "$(call mesh 9000 $bytes_alpn)"
done

# TLS details under STRICT.
handshake() { # <version> <certificate or empty>
    local arguments=()
    if [[ -n ${2:-} ]]; then arguments=(-cert "$work/$2.pem" -key "$work/$2.key"); fi
    : >"$work/handshake"
    {
        # An alert may come after the client's end of the handshake; a request on its way could cost it.
        wait_for 2 grep -q alert "$work/handshake"
        printf 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
        wait_for 60 grep -qE 'alert|HTTP/1|closed' "$work/handshake"
    } | client timeout 90 openssl s_client -alpn istio "-$1" "${arguments[@]}" -connect 10.77.0.2:8080 \
        >"$work/handshake" 2>&1
    cat "$work/handshake"
}
check "no certificate: alert certificate_required" '*alert certificate required*' "$(handshake tls1_3)"
check "no certificate, TLS 1.2: handshake_failure" '*alert handshake failure*' "$(handshake tls1_2)"
check "certificate of a foreign CA: alert unknown_ca" '*alert unknown ca*' "$(handshake tls1_3 stranger)"
check "foreign trust domain: alert certificate_unknown" '*alert certificate unknown*' "$(handshake tls1_3 outsider)"
check "no ALPN is chosen for istio" '*No ALPN negotiated*' "$(handshake tls1_3 client)"
check "TLS 1.2 is accepted by default" '*TLSv1.2, Cipher is ECDHE*' "$(handshake tls1_2 client)"
write_server STRICT TLSV1_3
reload "${pids[1]}" "$work/server.err"
check "minimum TLS 1.3 accepts 1.3" '*TLSv1.3*' "$(handshake tls1_3)"
check "minimum TLS 1.3 refuses 1.2" '*Cipher is (NONE)*' "$(handshake tls1_2)"
check "the server's log says who and why" '*outsider*' "outsider $(grep -c 'not in trust domain' "$work/server.err")"
check "refused plaintext is in the access log" '*"- - -" 0 NR filter_chain_not_found*' "$(grep NR "$work/server.log" | head -1)"

# STRICT ends the plaintext connections that are open.
write_server PERMISSIVE
reload "${pids[1]}" "$work/server.err"
client python3 - "$work/go" >"$work/kept" <<'PYTHON' &
import os, socket, sys, time
web = socket.create_connection(("10.77.0.2", 8080), 60)
web.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
answer = b""
while not answer.endswith(b"}\n"):
    answer += web.recv(65536)
echo = socket.create_connection(("10.77.0.2", 9000), 60)
echo.sendall(b"x")
echo.recv(1)
upgraded = socket.create_connection(("10.77.0.2", 8080), 60)
upgraded.sendall(b"GET /up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
answer = b""
while not answer.endswith(b"\r\n\r\n"):
    answer += upgraded.recv(65536)
upgraded.sendall(b"through")
upgraded.recv(65536)
print("open", flush=True)
for connection in (web, echo, upgraded):
    connection.settimeout(60)
    try:
        print("end" if connection.recv(1) == b"" else "data", flush=True)
    except ConnectionResetError:
        print("end", flush=True)
PYTHON
keeper=$!
wait_for 60 grep -q open "$work/kept"
write_server STRICT
reload "${pids[1]}" "$work/server.err"
wait $keeper
check "open plaintext connections, upgraded ones too, end when STRICT comes" $'open\nend\nend\nend' "$(cat "$work/kept")"

# With a sidecar at both ends.
write_server STRICT
reload "${pids[1]}" "$work/server.err"
start_sidecar c client
get() { client curl -s -m 60 -w ' %{http_code}' "$@"; }
reply=$(get -H 'x-forwarded-client-cert: By=forged' http://10.78.0.10:8000/ -H 'Host: httpbin.foo')
check "mutual TLS by HTTP routing" '*200' "$reply"
check "the application sees who called, and no forgery" '*By=spiffe://cluster.local/ns/foo/sa/httpbin;Hash=*;Subject=\\"\\";URI=spiffe://cluster.local/ns/foo/sa/sleep"*' "$reply"
check "a forged header does not arrive" '0' "$(grep -c forged <<<"$reply")"
check "request id, proto and attempt count are set" '*x-envoy-attempt-count": "1"*' "$reply"
check "the application sees 127.0.0.6" '*"peer": "127.0.0.6"*' "$reply"
headers=$(client curl -s -m 5 -D - -o /dev/null http://10.78.0.10:8000/ -H 'Host: httpbin.foo:8000')
check "server: envoy, and the service time" '*envoy*x-envoy-upstream-service-time*' "$(tr 'A-Z' 'a-z' <<<"$headers")"
check "POST with a length" '*"received": 100000*200' "$(head -c 100000 /dev/zero | get --data-binary @- http://10.78.0.10:8000/ -H 'Host: httpbin.foo' -H 'Expect:')"
check "POST in chunks, with Expect" '*"received": 100000*200' "$(head -c 100000 /dev/zero | get -H 'Transfer-Encoding: chunked' -H 'Expect: 100-continue' --data-binary @- http://10.78.0.10:8000/ -H 'Host: httpbin.foo')"
check "HEAD" '*200' "$(get -I http://10.78.0.10:8000/ -H 'Host: httpbin.foo')"
check "HTTP/1.0" '*200' "$(get -0 http://10.78.0.10:8000/ -H 'Host: httpbin.foo')"
check "a chunked response" 'one two three 200' "$(get http://10.78.0.10:8000/chunked -H 'Host: httpbin.foo')"
check "20 MB" '20000000' "$(client curl -s -m 20 http://10.78.0.10:8000/large -H 'Host: httpbin.foo' | wc -c)"
check "20 MB to a slow reader who asks for nothing else" '20000000' \
    "$(client curl -s -m 20 --limit-rate 8M http://10.78.0.10:8000/large -H 'Host: httpbin.foo' -H 'Connection: close' | wc -c)"
check "a slow reader" '20000000' "$(client curl -s -m 20 --limit-rate 8M http://10.78.0.10:8000/large -H 'Host: httpbin.foo' | wc -c)"
client curl -s -m 60 -o /dev/null http://10.78.0.10:8000/cut -H 'Host: httpbin.foo'
check "a response cut short is cut short for the client" '@(18|56)' "$?"
check "plaintext client to STRICT: 503 and Envoy's words" 'upstream connect error or disconnect/reset before headers. reset reason: connection termination 503' "$(get http://10.78.0.10:8000/ -H 'Host: plain.foo')"
check "no endpoint: UH" 'no healthy upstream 503' "$(get http://10.78.0.10:8000/ -H 'Host: empty.foo')"
check "not the expected server: UF" '*remote connection failure 503' "$(get http://10.78.0.10:8000/ -H 'Host: wrong.foo')"
check "nobody listens: UF" '*503' "$(get http://10.78.0.10:8000/ -H 'Host: dead.foo')"
wait_for 30 grep -q 'wrong.foo' "$work/client.log"
check "the log names the expected and the found identity" '*CERTIFICATE_VERIFY_FAILED*' "$(grep 'wrong.foo' "$work/client.log" | tail -1)"
check "an unknown host passes through in plaintext, which STRICT ends" '*connection termination 503' \
    "$(get http://10.78.0.10:8000/ -H 'Host: unknown.example')"
check "and is logged as such" '0' "$(wait_for 30 grep -q 'PassthroughCluster.*unknown.example\|unknown.example.*PassthroughCluster' "$work/client.log"; echo $?)"
speak_to() { client python3 "$here/speak.py" "$@"; }
check "bytes through mutual TLS" 'hello*' "$(speak_to 10.78.0.10 9000 'hello\n' hello)"
check "a server that speaks first" '220 welcome*' "$(speak_to 10.78.0.10 9025 '' welcome)"
check "an undeclared protocol, HTTP" '*sa/sleep*200' "$(get http://10.78.0.10:8002/ -H 'Host: auto.foo')"
upgrade='GET /up HTTP/1.1\r\nHost: httpbin.foo\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'
check "an upgraded connection" '*101*tunnelled*' \
    "$(speak_to 10.78.0.10 8000 "$upgrade" 'HTTP/1.1 101' 'tunnelled\n' tunnelled)"
pipelined='GET / HTTP/1.1\r\nHost: httpbin.foo\r\n\r\nGET /chunked HTTP/1.1\r\nHost: httpbin.foo\r\n\r\n'
pipelined+='GET / HTTP/1.1\r\nHost: httpbin.foo\r\nConnection: close\r\n\r\n'
last='GET /chunked HTTP/1.1\r\nHost: httpbin.foo\r\nConnection: close\r\n\r\n'
check "the connection ends with the answer to the last request" '*connection: close*three*0*' "$(speak_to 10.78.0.10 8000 "$last")"
check "also where more follows all the same" '*connection: close*three*0*' "$(speak_to 10.78.0.10 8000 "$last\r\n$last")"
post='POST / HTTP/1.1\r\nHost: httpbin.foo\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'
check "and where it is a body, with an empty line behind" '*connection: close*"received": 2,*' "$(speak_to 10.78.0.10 8000 "$post\r\n")"
check "three pipelined requests" '3' "$(speak_to 10.78.0.10 8000 "$pipelined" | grep -c '^HTTP/1.1 200')"

# Shapes of request smuggling, and others that are refused.
refused() { # <what> <request>
    check "refused: $1" 'HTTP/1.1 [45]*' "$(speak_to 10.78.0.10 8000 "$2" | head -1)"
}
refused "two lengths" 'POST / HTTP/1.1\r\nHost: httpbin.foo\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx'
refused "length and chunks" 'POST / HTTP/1.1\r\nHost: httpbin.foo\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
refused "a bare line feed" 'GET / HTTP/1.1\nHost: httpbin.foo\n\n'
refused "a folded field" 'GET / HTTP/1.1\r\nHost: httpbin.foo\r\nX: a\r\n b\r\n\r\n'
refused "a space before the colon" 'GET / HTTP/1.1\r\nHost : httpbin.foo\r\n\r\n'
refused "NUL in a field" 'GET / HTTP/1.1\r\nHost: httpbin.foo\r\nX: a\x00b\r\n\r\n'
refused "two hosts" 'GET / HTTP/1.1\r\nHost: httpbin.foo\r\nHost: other\r\n\r\n'
refused "a head that is too large" "GET / HTTP/1.1\r\nHost: httpbin.foo\r\nX: $(head -c 70000 /dev/zero | tr '\0' a)\r\n\r\n"

# REGISTRY_ONLY.
write_client blackHole false
reload "${pids[2]}" "$work/client.err"
check "REGISTRY_ONLY: unknown host is 502" ' 502' "$(get http://10.78.0.10:8000/ -H 'Host: unknown.example')"
client curl -s -m 3 -o /dev/null http://10.78.0.99:1234/
check "REGISTRY_ONLY: unknown address is closed" '@(52|56)' "$?"
client curl -sk -m 3 -o /dev/null https://10.78.0.99/
check "REGISTRY_ONLY: unknown TLS is closed" '35' "$?"

# Loop protection, and hostile clients.
write_client passthrough true
reload "${pids[2]}" "$work/client.err"
client curl -s -m 3 -o /dev/null http://10.77.0.2:15006/
check "a call to 15006 itself is refused" '@(52|56)' "$?"
resident() { awk '/VmRSS/{print $2}' "/proc/${pids[1]}/status"; }
descriptors() { find "/proc/${pids[1]}/fd" | wc -l; }
before=$(resident)
many=$(($(descriptors) + 2000))
ip netns exec "$id-c" python3 - <<'PYTHON' &
import signal, socket
silent = [socket.create_connection(("10.77.0.2", 8080), 60) for _ in range(2000)]
signal.pause()
PYTHON
silent=$!
are_accepted() { (($(descriptors) >= many)); }
check "2000 clients that say nothing are accepted" '0' "$(wait_for 60 are_accepted; echo $?)"
after=$(resident)
kill $silent
wait $silent 2>/dev/null
echo "info: 2000 silent clients: $before kB -> $after kB"
check "2000 silent clients cost less than 30 MB" '1' "$((after - before < 30000))"
client python3 - <<'PYTHON'
import os, socket
for garbage in (b"\x16\x03\x01\x40\x00" + os.urandom(16384), b"\x16\x03\x01\x00\x05\x01\x00\x00\x01", os.urandom(50000), b"\x16"):
    s = socket.create_connection(("10.77.0.2", 8080), 3)
    try:
        s.sendall(garbage)
        s.settimeout(0.5)
        s.recv(100)
    except OSError:
        pass
    s.close()
PYTHON
check "still serving after garbage" '*200' "$(get http://10.78.0.10:8000/ -H 'Host: httpbin.foo')"

# Clients that begin something and leave are let go of.
few=$(($(descriptors) + 20))
client python3 - <<'PYTHON'
import socket
for beginning in (b"\x16\x03\x01\x20\x00\x01\x00\x1f\xfc\x03\x03", b"\x16", b"GE"):
    clients = [socket.create_connection(("10.77.0.2", 8080), 60) for _ in range(50)]
    for client in clients:
        client.sendall(beginning)
    for client in clients:
        client.close()
PYTHON
let_go() { (($(descriptors) < few)); }
check "clients that leave in the middle of their first bytes leave nothing" '0' "$(wait_for 30 let_go; echo $?)"

# Configuration and certificates change under load; nothing is dropped.
load() { client bash -c "for i in \$(seq 1 $1); do curl -s -m 60 -o /dev/null -w '%{http_code}\n' http://10.78.0.10:8000/ -H 'Host: httpbin.foo' http://10.78.0.10:8000/ -H 'Host: httpbin.foo'; done" >"$work/load" ; }
load 40 &
loader=$!
for round in 1 2 3 4 5 6; do
    if ((round % 2)); then issue server spiffe://cluster.local/ns/foo/sa/httpbin root; chmod 644 "$work"/*.key "$work"/*.pem; fi
    write_server STRICT
    reload "${pids[1]}" "$work/server.err"
    reload "${pids[2]}" "$work/client.err"
done
wait $loader
check "certificates rotate and configuration changes under load without a loss" '80' "$(grep -c '^200$' "$work/load")"

if ((failures > 0)); then
    echo "--- server"; tail -30 "$work/server.err"; tail -20 "$work/server.log"
    echo "--- client"; tail -30 "$work/client.err"; tail -20 "$work/client.log"
fi
echo "$failures checks failed"
exit $((failures > 0))
