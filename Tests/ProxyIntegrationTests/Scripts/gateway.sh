#!/bin/bash
# A gateway in a network namespace of its own, real curl and openssl against every way of ending TLS.
#
# usage: gateway.sh <apus-proxy>; needs root, ip, curl, openssl, python3. Prints one line for each check; the exit status
# is 0 when all of them hold. Leaves nothing behind, whatever happens.
set -u
proxy=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
. "$here/common.sh"
id=apg$$
leave_nothing "$id"
# Some checks need many descriptors, here and in the gateway.
ulimit -Sn hard

inside() { ip netns exec "$id" "$@"; }
ip netns add "$id"
ip -n "$id" link set lo up

# Certificates: two authorities; servers with keys of both kinds, and clients.
authority() { # <name>
    openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key" 2>/dev/null
    openssl req -x509 -new -key "$work/$1.key" -days 1 -subj "/CN=$1" -out "$work/$1.pem" 2>/dev/null
}
issue() { # <file> <alternative names> [<authority> [rsa or a curve]]
    if [[ ${4:-} == rsa ]]; then
        openssl genrsa -out "$work/$1.key" 2048 2>/dev/null
    else
        openssl ecparam -name "${4:-prime256v1}" -genkey -noout -out "$work/$1.key" 2>/dev/null
    fi
    openssl req -new -key "$work/$1.key" -subj "/CN=$1" -out "$work/$1.csr" 2>/dev/null
    printf 'subjectAltName=%s\n' "$2" >"$work/$1.ext"
    openssl x509 -req -in "$work/$1.csr" -CA "$work/${3:-root}.pem" -CAkey "$work/${3:-root}.key" -CAcreateserial \
        -days 1 -extfile "$work/$1.ext" -out "$work/$1.pem" 2>/dev/null
}
authority root
authority foreign
authority mesh
names=DNS:simple.example,DNS:other.example,DNS:mutual.example,DNS:optional.example,DNS:named.example,DNS:pinned.example
names+=,DNS:tls12.example,DNS:tls13.example,DNS:old.example,DNS:*.wild.example,DNS:bytes.example,DNS:plain.example
names+=,DNS:hello.example,DNS:two.example,DNS:secret.example,DNS:curves.example
issue server "$names"
issue server-rsa "$names" root rsa
issue files DNS:files.example
issue default DNS:default.example
issue odd DNS:odd.example root secp256k1
issue passed DNS:pass.example
issue workload URI:spiffe://cluster.local/ns/edge/sa/gateway mesh
issue caller URI:spiffe://cluster.local/ns/foo/sa/caller mesh
issue client DNS:client.example,URI:spiffe://clients/one
issue second DNS:second.example
issue revoked DNS:client.example
issue larger DNS:client.example root secp384r1
issue stranger DNS:client.example foreign
openssl req -new -key "$work/server.key" -subj /CN=expired -out "$work/expired.csr" 2>/dev/null
openssl x509 -req -in "$work/expired.csr" -CA "$work/root.pem" -CAkey "$work/root.key" -CAcreateserial -days 0 \
    -out "$work/expired.pem" 2>/dev/null
head -c 300 "$work/server.pem" >"$work/garbage.pem"
cat >"$work/ca.conf" <<CONF
[ca]
default_ca = default
[default]
database = $work/index.txt
default_md = sha256
CONF
touch "$work/index.txt"
openssl ca -config "$work/ca.conf" -cert "$work/root.pem" -keyfile "$work/root.key" -revoke "$work/revoked.pem" 2>/dev/null
openssl ca -config "$work/ca.conf" -cert "$work/root.pem" -keyfile "$work/root.key" -gencrl -crldays 1 \
    -out "$work/root.crl" 2>/dev/null
pin=$(openssl x509 -in "$work/client.pem" -noout -fingerprint -sha256 | cut -d= -f2)

simple_certificate=server
forwarding=SANITIZE_SET
more_listeners=
write_configuration() {
    cat >"$work/gateway.json.new" <<JSON
{ "accessLogFile": "$work/access.log", "clientCertificateForwarding": "$forwarding",
  "certificate": "$work/workload.pem", "key": "$work/workload.key", "roots": "$work/mesh.pem",
  "gateway": [
    { "listen": "127.0.0.2:443", "chains": [
      { "serverNames": ["simple.example", "hello.example"], "routes": "simple", "origin": "Gateway edge/web server simple",
        "tls": { "credentials": ["simple"] } },
      { "serverNames": ["mutual.example"], "routes": "all",
        "tls": { "credentials": ["server"], "clientCertificate": "required", "roots": "clients" } },
      { "serverNames": ["optional.example"], "routes": "all",
        "tls": { "credentials": ["server"], "clientCertificate": "optional", "roots": "clients" } },
      { "serverNames": ["named.example"], "routes": "all", "tls": { "credentials": ["server"],
        "clientCertificate": "required", "roots": "clients", "subjectAltNames": ["second.example"] } },
      { "serverNames": ["pinned.example"], "routes": "all", "tls": { "credentials": ["server"],
        "clientCertificate": "required", "roots": "clients", "certificateHashes": ["$pin"] } },
      { "serverNames": ["mesh.example"], "routes": "all",
        "tls": { "workload": true, "clientCertificate": "required",
          "alpn": ["istio-peer-exchange", "h2", "http/1.1"] } },
      { "serverNames": ["tls12.example"], "routes": "all",
        "tls": { "credentials": ["server"], "maximumVersion": "TLSv1.2" } },
      { "serverNames": ["tls13.example"], "routes": "all",
        "tls": { "credentials": ["server"], "minimumVersion": "TLSv1.3" } },
      { "serverNames": ["old.example"], "routes": "all", "tls": { "credentials": ["server"],
        "minimumVersion": "TLSv1", "cipherSuites": ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-GCM-SHA256"] } },
      { "serverNames": ["secret.example"], "routes": "all", "tls": { "credentials": ["rsa"],
        "cipherSuites": ["AES256-GCM-SHA384", "AES128-GCM-SHA256", "AES128-SHA"] } },
      { "serverNames": ["curves.example"], "routes": "all",
        "tls": { "credentials": ["server"], "curves": ["P-256", "X25519MLKEM768", "P-256"] } },
      { "serverNames": ["odd.example"], "routes": "all", "origin": "Gateway edge/web server odd",
        "tls": { "credentials": ["odd"] } },
      { "serverNames": ["two.example"], "routes": "all", "tls": { "credentials": ["server", "rsa"] } },
      { "serverNames": ["*.wild.example"], "routes": "all", "tls": { "credentials": ["server"] } },
      { "serverNames": ["files.example"], "routes": "all", "origin": "Gateway edge/web server files", "tls": {
        "files": [{ "certificate": "$work/files.pem", "key": "$work/files.key" }] } },
      { "serverNames": ["bytes.example"], "bytes": ["outbound|9000||echo.foo"], "tls": { "credentials": ["server"] } },
      { "serverNames": ["pass.example"], "tls": "passthrough", "bytes": ["outbound|9443||tls.foo"] },
      { "serverNames": ["outbound_.9443_._.tls.foo"], "clientALPN": ["istio", "istio-h2"], "tls": "passthrough",
        "bytes": ["outbound|9443||tls.foo"] },
      { "serverNames": ["absent.example"], "routes": "all", "origin": "Gateway edge/web server absent",
        "tls": { "credentials": ["absent"] } },
      { "serverNames": ["mismatch.example"], "routes": "all", "origin": "Gateway edge/web server mismatch",
        "tls": { "credentials": ["mismatch"] } },
      { "serverNames": ["expired.example"], "routes": "all", "origin": "Gateway edge/web server expired",
        "tls": { "credentials": ["expired"] } },
      { "serverNames": ["garbage.example"], "routes": "all", "origin": "Gateway edge/web server garbage",
        "tls": { "credentials": ["garbage"] } } ] },
    { "listen": "127.0.0.2:444", "chains": [
      { "serverNames": ["*"], "routes": "all", "tls": { "credentials": ["default"] } },
      { "routes": "all" } ] },
    { "listen": "127.0.0.2:80", "chains": [{ "routes": "http" }] },
    { "listen": "127.0.0.2:9000", "chains": [{ "bytes": ["outbound|9000||echo.foo"] }] }
    $more_listeners ],
  "secrets": {
    "simple": { "certificate": "$work/$simple_certificate.pem", "key": "$work/$simple_certificate.key" },
    "server": { "certificate": "$work/server.pem", "key": "$work/server.key" },
    "rsa": { "certificate": "$work/server-rsa.pem", "key": "$work/server-rsa.key" },
    "odd": { "certificate": "$work/odd.pem", "key": "$work/odd.key" },
    "default": { "certificate": "$work/default.pem", "key": "$work/default.key" },
    "clients": { "roots": "$work/root.pem", "revocations": "$work/root.crl" },
    "mismatch": { "certificate": "$work/server.pem", "key": "$work/client.key" },
    "expired": { "certificate": "$work/expired.pem", "key": "$work/server.key" },
    "garbage": { "certificate": "$work/garbage.pem", "key": "$work/server.key" } },
  "routeTables": [
    { "name": "simple", "port": 443, "serverHosts": ["simple.example", "hello.example"],
      "virtualHosts": [{ "domains": ["simple.example"], "routes": [
        { "prefix": "/", "destination": "outbound|8080||web.foo" }] }] },
    { "name": "all", "port": 443, "serverHosts": ["*"],
      "virtualHosts": [{ "domains": ["*"], "routes": [{ "prefix": "/", "destination": "outbound|8080||web.foo" }] }] },
    { "name": "http", "port": 80, "serverHosts": ["*"], "virtualHosts": [
      { "domains": ["redirect.example"], "redirectsToHTTPS": true },
      { "domains": ["plain.example"], "routes": [{ "prefix": "/found", "destination": "outbound|8080||web.foo" }] },
      { "domains": ["lost.example"], "routes": [{ "prefix": "/", "destination": "outbound|1||nowhere" }] }] } ],
  "destinations": [
    { "name": "outbound|8080||web.foo", "endpoints": ["127.0.0.1:8080"] },
    { "name": "outbound|9000||echo.foo", "endpoints": ["127.0.0.1:9000"] },
    { "name": "outbound|9443||tls.foo", "endpoints": ["127.0.0.1:9443"] } ] }
JSON
    mv "$work/gateway.json.new" "$work/gateway.json"
}

configure() { # with what the variables say
    write_configuration
    reload "$gateway" "$work/gateway.err"
}

ip netns exec "$id" python3 "$here/applications.py" 127.0.0.1 "$work/passed.pem" "$work/passed.key" >"$work/applications.out" 2>&1 &
pids+=($!)
wait_for 30 grep -q ready "$work/applications.out" || { cat "$work/applications.out"; exit 1; }
write_configuration
ip netns exec "$id" "$proxy" static --config "$work/gateway.json" --concurrency 2 >"$work/gateway.out" 2>"$work/gateway.err" &
gateway=$!
wait_for 30 grep -q serving "$work/gateway.err" || { cat "$work/gateway.err"; exit 1; }

get() { # <host> <port> <curl's arguments...>: the body, the status and curl's exit status
    local host=$1 port=$2
    shift 2
    inside curl -s -m 5 --http1.1 --cacert "$work/root.pem" --resolve "$host:$port:127.0.0.2" -w ' %{http_code}' "$@" \
        "https://$host:$port/"
    echo " exit $?"
}
with() { echo "--cert $work/$1.pem --key $work/$1.key"; }
shake() { # <server name> <openssl's arguments...>: what s_client says of a handshake
    local name=$1
    shift
    # It reads until the end, and so shows an alert that comes after the client's end of the handshake.
    printf 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' |
        inside timeout 60 openssl s_client -ign_eof -connect 127.0.0.2:443 -servername "$name" "$@" 2>&1
}

# Every mode, each accepted and refused.
reply=$(get simple.example 443)
check "SIMPLE: a request is routed" '*200 exit 0' "$reply"
check "SIMPLE: the application sees the scheme of the connection" '*"x-forwarded-proto": "https"*' "$reply"
check "SIMPLE: the client's address is told" '*"x-forwarded-for": "127.0.0.1"*' "$reply"
reply=$(get simple.example 443 -H 'x-forwarded-for: 192.0.2.1' -H 'x-forwarded-proto: http' \
    -H 'x-envoy-internal: true' -H 'x-envoy-upstream-rq-timeout-ms: 1' -H 'x-forwarded-client-cert: Hash=forged')
check "the client's address is added to those before it" '*"x-forwarded-for": "192.0.2.1,127.0.0.1"*' "$reply"
check "a client's word on the scheme does not count" '*"x-forwarded-proto": "https"*' "$reply"
check "a client cannot give orders to proxies, nor forge a certificate" 0 \
    "$(grep -c -e forged -e x-envoy-internal -e rq-timeout <<<"$reply")"
check "responses are from istio-envoy" '*erver: istio-envoy*' "$(get simple.example 443 -D -)"
check "a host of the server without virtual host is 404" '* 404 exit 0' "$(get hello.example 443)"
check "an unknown host is 404" '* 404 exit 0' "$(get simple.example 443 -H 'Host: nobody.example')"
check "the port in the Host field does not matter" '*200 exit 0' "$(get simple.example 443 -H 'Host: simple.example:8443')"
check "HTTP/1.0" '*200 exit 0' "$(get simple.example 443 -0)"
check "MUTUAL: with a certificate" '*200 exit 0' "$(get mutual.example 443 $(with client))"
reply=$(get mutual.example 443 $(with client) -H 'x-forwarded-client-cert: Hash=forged')
check "MUTUAL: the application is told who, by Hash, Cert, Subject, URI and DNS" \
    '*"Hash=*;Cert=\\"-----BEGIN%20CERTIFICATE-----%0A*\\";Subject=\\"CN=client\\";URI=spiffe://clients/one;DNS=client.example"*' "$reply"
check "MUTUAL: without a certificate, TLS 1.3" '*alert certificate required*' "$(shake mutual.example -tls1_3)"
check "MUTUAL: without a certificate, TLS 1.2" '*alert handshake failure*' "$(shake mutual.example -tls1_2)"
for number in 1 2 3 4 5 6; do get mutual.example 443 --http2 --tlsv1.3; done >"$work/without"
check "MUTUAL: without a certificate, HTTP/2: the alert is not overtaken by a reset" '6' "$(grep -c ' 000 exit 56' "$work/without")"
check "MUTUAL: a key on another curve, TLS 1.3" '*200 OK*' "$(shake mutual.example -tls1_3 $(with larger))"
check "MUTUAL: a key on another curve, TLS 1.2" '*200 OK*' "$(shake mutual.example -tls1_2 $(with larger))"
check "MUTUAL: of an unknown authority" '*alert unknown ca*' "$(shake mutual.example $(with stranger))"
check "MUTUAL: revoked" '*alert certificate revoked*' "$(shake mutual.example $(with revoked))"
check "MUTUAL: not among subjectAltNames" '*alert certificate unknown*' "$(shake named.example $(with client))"
check "MUTUAL: among subjectAltNames" '*200 OK*' "$(shake named.example $(with second))"
check "MUTUAL: not the pinned certificate" '*alert*' "$(shake pinned.example $(with second))"
check "MUTUAL: the pinned certificate" '*200 OK*' "$(shake pinned.example $(with client))"
check "OPTIONAL_MUTUAL: without a certificate" '*200 exit 0' "$(get optional.example 443)"
check "OPTIONAL_MUTUAL: with a certificate" '*Hash=*200 exit 0' "$(get optional.example 443 $(with client))"
check "OPTIONAL_MUTUAL: with one of an unknown authority" '*alert unknown ca*' "$(shake optional.example $(with stranger))"
check "ISTIO_MUTUAL: of the mesh" '*By=spiffe://cluster.local/ns/edge/sa/gateway;Hash=*URI=spiffe://cluster.local/ns/foo/sa/caller*200 exit 0' \
    "$(get mesh.example 443 $(with caller) -k)"
check "ISTIO_MUTUAL: of the world" '*alert unknown ca*' "$(shake mesh.example $(with client))"
check "PASSTHROUGH: the application's own certificate" '*CN = passed*' "$(shake pass.example)"
check "PASSTHROUGH: a request" '*200 exit 0' "$(get pass.example 443)"
check "AUTO_PASSTHROUGH: a proxy of the mesh" '*CN = passed*' "$(shake outbound_.9443_._.tls.foo -alpn istio)"
check "AUTO_PASSTHROUGH: anybody else is reset" '*no peer certificate*' "$(shake outbound_.9443_._.tls.foo -alpn h2)"
check "TLS with bytes inside" '*tunnelled*' \
    "$(answered 'tunnelled\n' tunnelled inside openssl s_client -connect 127.0.0.2:443 -servername bytes.example)"
check "bytes in plaintext" 'hello*' "$(inside python3 "$here/speak.py" 127.0.0.2 9000 'hello\n' hello)"

# Choosing a chain.
check "a wildcard of the server's names" '*200 exit 0' "$(get a.wild.example 443)"
check "an unknown SNI is reset" ' 000 exit 35' "$(get nobody.example 443)"
check "no SNI where every server has names is reset" '*no peer certificate available*' \
    "$(inside openssl s_client -connect 127.0.0.2:443 -noservername </dev/null 2>&1)"
check "no SNI where a server has any" '*CN = default*' \
    "$(inside openssl s_client -connect 127.0.0.2:444 -noservername </dev/null 2>&1)"
check "any SNI where a server has any" '*CN = default*' \
    "$(inside openssl s_client -connect 127.0.0.2:444 -servername whatever.example </dev/null 2>&1)"
check "plaintext and TLS on one port" '*200' "$(inside curl -s -m 5 -w ' %{http_code}' http://127.0.0.2:444/)"
check "plaintext where there is only TLS is reset" '000 56' \
    "$(inside curl -s -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.2:443/; echo " $?")"
inside python3 -c 'import socket
with socket.create_connection(("127.0.0.2", 443), 5) as peer: peer.sendall(bytes.fromhex("16030100050100000100"))'
wait_for 30 grep -q 'refused: gateway .*a ClientHello that cannot be read' "$work/gateway.err"
check "a hello that is none is told from plaintext" 0 $?
check "TLS where there is only plaintext ends" '000 35' \
    "$(inside curl -sk -m 5 -o /dev/null -w '%{http_code}' https://127.0.0.2:80/; echo " $?")"
check "the certificate with the key that the client can use: RSA" '*CN = server-rsa*' \
    "$(shake two.example -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256)"
check "the certificate with the key that the client can use: ECDSA" '*CN = server*' "$(shake two.example -tls1_2)"
for suite in AES256-GCM-SHA384 AES128-GCM-SHA256 AES128-SHA; do
    check "a secret encrypted with the server's RSA key: $suite" "*200 OK*Cipher is $suite*" \
        "$(tac <<<"$(shake secret.example -tls1_2 -cipher $suite)")"
done
check "and RSA signatures go on" '*CN = server-rsa*' "$(shake two.example -tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256)"
check "curves that are given twice, and one that is not there" '*200 exit 0' "$(get curves.example 443)"

# Versions.
check "at most 1.2: 1.2" '*New, TLSv1.2*' "$(shake tls12.example)"
check "at most 1.2: not 1.3" '*alert protocol version*' "$(shake tls12.example -tls1_3)"
check "at least 1.3: 1.3" '*New, TLSv1.3*' "$(shake tls13.example)"
check "at least 1.3: not 1.2" '*alert protocol version*' "$(shake tls13.example -tls1_2)"
check "usually not 1.1" '*alert protocol version*' "$(shake simple.example -tls1_1 -cipher ALL:@SECLEVEL=0)"
check "1.1 where it is asked for, with its suites" '*ECDHE-ECDSA-AES128-SHA*' \
    "$(shake old.example -tls1_1 -cipher ALL:@SECLEVEL=0)"
check "renegotiation is refused" '*no renegotiation*' \
    "$(answered 'R\n' 'no renegotiation' inside openssl s_client -connect 127.0.0.2:443 -servername simple.example -tls1_2)"

# Plain HTTP.
http() { inside curl -s -m 5 -D - -w '%{http_code}' "$@"; }
check "httpsRedirect" '*301*ocation: https://redirect.example/a?b=c*301' "$(http -H 'Host: redirect.example' 'http://127.0.0.2/a?b=c')"
check "httpsRedirect, whatever the client says of the scheme" '*301' \
    "$(http -H 'Host: redirect.example' -H 'x-forwarded-proto: https' http://127.0.0.2/)"
check "the connection goes on after an answer of the gateway's own" '301 1 404 0 503 0 ' "$(
    inside curl -s -m 5 -w '%{http_code} %{num_connects} ' -o /dev/null -H 'Host: redirect.example' http://127.0.0.2/ \
        --next -s -m 5 -w '%{http_code} %{num_connects} ' -o /dev/null -H 'Host: plain.example' http://127.0.0.2/ \
        --next -s -m 5 -w '%{http_code} %{num_connects} ' -o /dev/null -H 'Host: lost.example' http://127.0.0.2/)"
check "no virtual host is 404" '*404' "$(http http://127.0.0.2/)"
check "no route is 404" '*404' "$(http -H 'Host: plain.example' http://127.0.0.2/)"
check "a route" '*200' "$(http -H 'Host: plain.example' http://127.0.0.2/found)"
check "a destination that is not there is 503" '*503' "$(http -H 'Host: lost.example' http://127.0.0.2/)"
wait_for 30 grep -q 'lost.example' "$work/access.log"
check "and the log says why" '*404 NR route_not_found*503 NC cluster_not_found*' "$(grep -e NR -e NC "$work/access.log" | tr '\n' ' ')"

# HTTP/2.
check "HTTP/2 by ALPN" '*200 exit 0' "$(get simple.example 443 --http2)"
check "it is HTTP/2" 'HTTP/2 200*' "$(get simple.example 443 --http2 -D - -o /dev/null)"
check "HTTP/2 in plaintext, with prior knowledge" '*200' \
    "$(http --http2-prior-knowledge -H 'Host: plain.example' http://127.0.0.2/found)"
check "a host of the certificate that the server does not serve is 421 on HTTP/2" '* 421 exit 0' \
    "$(get simple.example 443 --http2 -H 'Host: other.example')"
check "and 404 on HTTP/1.1, whose clients do not share connections" '* 404 exit 0' \
    "$(get simple.example 443 -H 'Host: other.example')"
check "a host of the server without virtual host is 404" '* 404 exit 0' "$(get hello.example 443 --http2)"
check "a host that the certificate does not cover is 404" '* 404 exit 0' \
    "$(get simple.example 443 --http2 -H 'Host: nobody.example')"
check "MUTUAL: HTTP/2 tells who" '*spiffe://clients/one*200 exit 0' "$(get mutual.example 443 --http2 $(with client))"

# What becomes of a header that claims to tell of a certificate (gatewayTopology.forwardClientCertDetails).
claimed() { get mutual.example 443 $(with client) -H 'x-forwarded-client-cert: Hash=before'; }
for case in 'APPEND_FORWARD *"x-forwarded-client-cert": "Hash=before,Hash=*' \
    'FORWARD_ONLY *"x-forwarded-client-cert": "Hash=before"*' 'SANITIZE_SET *"x-forwarded-client-cert": "Hash=[0-9a-f]*'; do
    forwarding=${case%% *}
    configure
    check "$forwarding" "${case#* }" "$(claimed)"
done
forwarding=SANITIZE
configure
check "SANITIZE tells nothing" 0 "$(claimed | grep -c x-forwarded-client-cert)"
forwarding=SANITIZE_SET
configure

# What takes down one server takes down no other.
for name in absent mismatch expired garbage odd; do
    check "$name certificate: reset after the ClientHello" ' 000 exit 35' "$(get $name.example 443)"
    check "$name certificate: the log names the server and the reason, once" 1 \
        "$(grep -c "Gateway edge/web server $name is .*credential $name" "$work/gateway.err")"
done
check "a failed handshake is logged with peer, name and reason" '*127.0.0.1:*SNI mutual.example*certificate_revoked*' \
    "$(grep 'handshake failed' "$work/gateway.err" | grep revoked | head -1)"

# Certificates change under load: new connections get the new one at once, and none is lost.
serial() { inside openssl s_client -connect 127.0.0.2:443 -servername "$1" </dev/null 2>/dev/null | openssl x509 -noout -serial; }
ip netns exec "$id" python3 - "$work/root.pem" >"$work/load" <<'PYTHON' &
import socket, ssl, sys, threading, time
context = ssl.create_default_context(cafile=sys.argv[1])
end = time.monotonic() + 6
failed, done = [], [0, 0]
def connect():
    plain = socket.create_connection(("127.0.0.2", 443), 5)
    return context.wrap_socket(plain, server_hostname="simple.example")
def ask(stream):
    stream.sendall(b"GET / HTTP/1.1\r\nHost: simple.example\r\n\r\n")
    answer = b""
    while not answer.endswith(b"}\n"):
        data = stream.recv(65536)
        if not data: raise OSError("ended")
        answer += data
    if not answer.startswith(b"HTTP/1.1 200"): raise OSError(answer[:20])
def load(kept):
    stream = connect() if kept else None
    while time.monotonic() < end:
        try:
            if kept: ask(stream); time.sleep(0.01)
            else:
                with connect() as fresh: ask(fresh)
            done[kept] += 1
        except OSError as error: failed.append(repr(error)); return
threads = [threading.Thread(target=load, args=(kept,)) for kept in (0, 0, 1, 1)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("failed", len(failed), failed[:3], "new", done[0] > 20, "kept", done[1] > 20)
PYTHON
loader=$!
old=0
for round in 1 2 3 4 5; do
    simple_certificate=next$round
    issue $simple_certificate DNS:simple.example
    configure
    [[ $(serial simple.example) == "$(openssl x509 -in "$work/$simple_certificate.pem" -noout -serial)" ]] || old=$((old + 1))
    # One after the other, as programs write them: in between they do not belong together.
    issue files DNS:files.example
done
check "a new certificate is served from when it was read" 0 "$old"
wait $loader
check "certificates change under load without a loss" 'failed 0 \[\] new True kept True' "$(cat "$work/load")"
files_are_served() { [[ $(serial files.example) == "$(openssl x509 -in "$work/files.pem" -noout -serial)" ]]; }
wait_for 30 files_are_served
check "files are read again when they change" 0 $?
rm "$work/files.key"
wait_for 30 grep -q 'server files is down' "$work/gateway.err"
check "a file that goes takes its server down" 0 $?
check "and no other" '*200 exit 0' "$(get simple.example 443 )"

# A server's routes get another name, as when its port does: connections that are there are answered, and then end.
ip netns exec "$id" env PYTHONPATH="$here/http2" /usr/bin/python3 -B - "$work/renamed" >"$work/answers" 2>&1 <<'PYTHON' &
import os, socket, sys, time
import wire
def last(peer): return int.from_bytes(peer.until(lambda f: f[0] == wire.GOAWAY)[3][:4], "big")
def ask(stream):
    peer.send(peer.headers(stream, [(":method", "GET"), (":scheme", "http"), (":authority", "plain.example"), (":path", "/found")]))
    return peer.response(stream)[0]
old = socket.create_connection(("127.0.0.2", 80), 5)
def old_asked():
    old.sendall(b"GET /found HTTP/1.1\r\nHost: plain.example\r\n\r\n")
    answer = b""
    while not answer.endswith(b"}\n"): answer += old.recv(65536)
    return answer[9:12].decode(), b"connection: close" in answer
peer = wire.client(("127.0.0.2", 80))
print(*old_asked(), ask(1), flush=True)
while not os.path.exists(sys.argv[1]): time.sleep(0.05)
print(*old_asked())
print(f"{last(peer):x}", ask(3), f"{last(peer):x}")
PYTHON
asker=$!
wait_for 30 grep -q 200 "$work/answers"
write_configuration
sed -i 's/"routes": "http"/"routes": "web"/; s/"name": "http", "port": 80/"name": "web", "port": 80/' "$work/gateway.json"
reload "$gateway" "$work/gateway.err"
touch "$work/renamed"
wait $asker
check "connections whose server goes are answered, and told in time" $'200 False 200\n200 True\n7fffffff 200 3' "$(cat "$work/answers")"
configure

# Listeners come and go; one that cannot be opened harms no other and is opened when it can be.
check "nobody listens yet" '7' "$(inside curl -s -m 3 -o /dev/null http://127.0.0.2:8001/; echo $?)"
ip netns exec "$id" python3 - >"$work/taken" <<'PYTHON' &
import signal, socket
taken = socket.socket()
taken.bind(("127.0.0.2", 8002))
taken.listen()
print("taken", flush=True)
signal.pause()
PYTHON
taker=$!
wait_for 30 grep -q taken "$work/taken"
ip netns exec "$id" python3 - >"$work/kept" <<'PYTHON' &
import socket, time
def listens():
    try: socket.create_connection(("127.0.0.2", 80), 5).close()
    except ConnectionRefusedError: return False
    return True
request = b"GET /found HTTP/1.1\r\nHost: plain.example\r\n\r\n"
kept = socket.create_connection(("127.0.0.2", 9000), 5)
kept.settimeout(20)
for word in (b"one", b"two"):
    kept.sendall(word)
    print(kept.recv(10).decode(), flush=True)
    if word == b"one":
        web = socket.create_connection(("127.0.0.2", 80), 5)
        web.sendall(request)
        web.settimeout(5)
        while not web.recv(65536).endswith(b"}\n"): pass
        print("ready", flush=True)
        while listens(): time.sleep(0.1)
        web.sendall(request)
        answer = b""
        while part := web.recv(65536): answer += part
        head, body = answer.split(b"\r\n\r\n", 1)
        print("last" if b"connection: close" in head and body.endswith(b"}\n") else answer, flush=True)
PYTHON
keeper=$!
wait_for 30 grep -q ready "$work/kept"
more_listeners=', { "listen": "127.0.0.2:8001", "chains": [{ "routes": "all" }] },
    { "listen": "127.0.0.2:8002", "chains": [{ "routes": "all" }] }'
write_configuration
sed -i 's/"127.0.0.2:80"/"127.0.0.2:8080"/' "$work/gateway.json"
reload "$gateway" "$work/gateway.err"
check "a new listener serves" '200' "$(inside curl -s -m 3 -o /dev/null -w '%{http_code}' http://127.0.0.2:8001/)"
check "a listener that was replaced is closed" '7' "$(inside curl -s -m 3 -o /dev/null http://127.0.0.2:80/; echo $?)"
wait $keeper
check "its idle connection serves once more and ends, and one of another listener goes on" $'one\nready\nlast\ntwo' \
    "$(cat "$work/kept")"
check "a port that is taken is named" '*cannot listen on 127.0.0.2:8002*in use*' "$(grep 8002 "$work/gateway.err" | tail -1)"
kill $taker
wait $taker 2>/dev/null
wait_for 30 inside curl -s -m 3 -o /dev/null http://127.0.0.2:8002/
check "and is listened on when it is free" 0 $?

# Hostile clients.
resident() { awk '/VmRSS/{print $2}' "/proc/$gateway/status"; }
before=$(resident)
# As many as there can be: each takes a descriptor here, and one there.
limit=$(ulimit -Hn)
unfinished=$((limit < 12000 ? limit * 5 / 6 : 10000))
[ "$limit" = unlimited ] && unfinished=10000
ip netns exec "$id" python3 - "$work/hold" $unfinished >"$work/held" <<'PYTHON' &
import socket, ssl, sys, time
def hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    client = context.wrap_bio(incoming, outgoing, server_hostname="simple.example")
    try: client.do_handshake()
    except ssl.SSLWantReadError: pass
    return outgoing.read()
first = hello()
held = []
for number in range(int(sys.argv[2])):
    stream = socket.create_connection(("127.0.0.2", 443), 20)
    # A third says nothing, a third begins, and a third does not go on.
    try: stream.sendall((b"", first[:100], first)[number % 3])
    except ConnectionResetError: pass
    held.append(stream)
open(sys.argv[1], "w").close()
begin = time.monotonic()
for stream in held:
    stream.settimeout(60)
    try:
        while stream.recv(65536): pass
    except ConnectionResetError: pass
print("all ended")
PYTHON
holder=$!
wait_for 60 test -e "$work/hold"
after=$(resident)
served() { [[ $(get simple.example 443) == *"200 exit 0" ]]; }
wait_for 60 served
check "while $unfinished handshakes do not finish, others are served" 0 $?
wait $holder
check "they end by themselves" 'all ended' "$(cat "$work/held")"
peak=$(awk '/VmHWM/{print $2}' "/proc/$gateway/status")
check "they cost less than 32 kB each" 1 "$((peak - before < 32 * unfinished))"
echo "info: $unfinished handshakes that do not finish: $before kB -> $peak kB -> $(resident) kB"
inside python3 - >"$work/hostile" <<'PYTHON'
import os, socket, time
def vector(octets, size): return len(octets).to_bytes(size, "big") + octets
def hello(extensions, pad=b""):
    body = b"\x03\x03" + bytes(32) + b"\0" + vector(b"\x13\x01", 2) + b"\x01\0" + vector(extensions, 2)
    message = b"\x01" + vector(body, 3) + pad
    return b"".join(b"\x16\x03\x01" + vector(message[at:at + 16384], 2) for at in range(0, len(message), 16384))
def name(host): return b"\0\0" + vector(vector(b"\0" + vector(host, 2), 2), 2)
def ends(octets, pieces=1):
    stream = socket.create_connection(("127.0.0.2", 443), 5)
    stream.settimeout(20)
    try:
        for at in range(0, len(octets), -(-len(octets) // pieces)):
            stream.sendall(octets[at:at + -(-len(octets) // pieces)])
            if pieces > 1: time.sleep(0.001)
        return "answer" if stream.recv(100) else "end"
    except ConnectionResetError: return "reset"
    except socket.timeout: return "silence"
print("large name", ends(hello(name(b"a" * 65000))))
print("long name", ends(hello(name(b"a" * 300))))
print("64 KiB", ends(hello(b"\xfe\x00" + vector(bytes(65000), 2))))
print("more than 64 KiB", ends(b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + bytes(16380) + (b"\x16\x03\x01\x40\x00" + bytes(16384)) * 4))
print("garbage", ends(b"\x16\x03\x01\x40\x00" + os.urandom(16384)))
print("two names", ends(hello(name(b"simple.example") + name(b"mutual.example"))))
print("pieces", ends(hello(name(b"simple.example") + b"\0\x2b\0\x03\x02\x03\x04" + b"\0\x0a\0\x04\0\x02\0\x1d"), 100))
PYTHON
check "a 64 KiB ClientHello, a long name, garbage: reset" \
    $'large name reset\nlong name reset\n64 KiB reset\nmore than 64 KiB reset\ngarbage reset\n*' "$(cat "$work/hostile")"
check "a ClientHello in a hundred pieces is understood" '*pieces answer*' "$(cat "$work/hostile")"
inside python3 - "$work/root.pem" >"$work/frames" <<'PYTHON'
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
context.set_alpn_protocols(["h2"])
preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
def frame(length, kind, flags, stream, payload=b""):
    return length.to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload
def ends(octets):
    stream = context.wrap_socket(socket.create_connection(("127.0.0.2", 443), 20), server_hostname="simple.example")
    stream.settimeout(60)
    received = b""
    try:
        stream.sendall(octets)
        stream.unwrap() if octets.endswith(b"cut") else None
        while data := stream.recv(65536): received += data
    except (OSError, ssl.SSLError): pass
    # The connection has ended, or this would not be reached; a GOAWAY frame is of type 7.
    kinds = set()
    while len(received) >= 9:
        kinds.add(received[3])
        received = received[9 + int.from_bytes(received[:3], "big"):]
    return "told" if 7 in kinds else "ended"
settings = preface + frame(0, 4, 0, 0)
print("truncated head", ends(settings + frame(20, 1, 4, 1, b"cut")))
print("truncated header block", ends(settings + frame(3, 1, 4, 1, b"\x82\x84\x3f")))
print("settings of five octets", ends(preface + frame(5, 4, 0, 0, b"12345")))
print("a frame beyond the limit", ends(settings + frame(20000, 0, 0, 1, bytes(20000))))
print("data on stream 0", ends(settings + frame(3, 0, 0, 0, b"abc")))
print("no preface", ends(b"GET / HTTP/1.1\r\n\r\n"))
PYTHON
check "truncated and broken HTTP/2 frames end their connection, with a GOAWAY where there is somebody to tell" \
    $'truncated head *\ntruncated header block told\nsettings of five octets told\na frame beyond the limit told\ndata on stream 0 told\nno preface *' \
    "$(cat "$work/frames")"
check "still serving" '*200 exit 0' "$(get simple.example 443)"

if ((failures > 0)); then
    echo "--- gateway"
    tail -40 "$work/gateway.err"
    tail -20 "$work/access.log"
    cat "$work/hostile"
fi
echo "$failures checks failed"
exit $((failures > 0))
