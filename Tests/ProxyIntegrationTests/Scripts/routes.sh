#!/bin/bash
# Tries the routes of a proxy with curl, in a network namespace of its own; needs root.
# Usage: routes.sh APUS-PROXY
set -u
proxy=$(readlink -f "$1")
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=common.sh
. "$here/common.sh"
alone "$@"

for name in one two shadow; do
    case $name in one) port=8001 ;; two) port=8002 ;; shadow) port=8003 ;; esac
    python3 "$here/echo.py" 127.0.0.1:$port $name "$work/$name" >"$work/$name.out" 2>"$work/$name.err" &
    wait_for 30 grep -q ready "$work/$name.out" || { echo "NOT OK: $name does not start"; exit 1; }
done

cat >"$work/proxy.json" <<'JSON'
{ "outbound": "127.0.0.1:15001", "inbound": "127.0.0.1:15006", "outboundFallback": "10.0.0.1:8000",
  "accessLogFile": "WORK/access.log", "otherAddresses": { "http": 8000 },
  "destinations": [
    { "name": "one", "endpoints": ["127.0.0.1:8001"] }, { "name": "two", "endpoints": ["127.0.0.1:8002"] },
    { "name": "shadow", "endpoints": ["127.0.0.1:8003"] }, { "name": "dead", "endpoints": ["127.0.0.1:9"] },
    { "name": "empty", "endpoints": [] },
    { "name": "outlier", "endpoints": ["127.0.0.1:8001", "127.0.0.1:8002"],
      "outlierDetection": { "consecutive5xxErrors": 2, "baseEjectionSeconds": 60, "maxEjectionPercent": 50 } }, { "name": "half", "endpoints": ["127.0.0.1:9", "127.0.0.1:8001"] } ],
  "hosts": { "web.foo:8000": { "routes": [
    { "name": "exact", "match": [{ "uri": { "exact": "/exact" } }], "route": [{ "destination": "two" }] },
    { "name": "expression", "match": [{ "uri": { "regex": "/v[0-9]+/items" } }], "route": [{ "destination": "two" }] },
    { "name": "case", "match": [{ "uri": { "prefix": "/CASE" }, "ignoreUriCase": true }], "route": [{ "destination": "two" }] },
    { "name": "user", "match": [{ "headers": { "end-user": { "exact": "jason" } } }], "route": [{ "destination": "two" }] },
    { "name": "parameter", "match": [{ "queryParams": { "q": { "regex": "a+" } } }], "route": [{ "destination": "two" }] },
    { "name": "method", "match": [{ "method": { "exact": "DELETE" } }], "route": [{ "destination": "two" }] },
    { "name": "redirect", "match": [{ "uri": { "prefix": "/redirect" } }],
      "redirect": { "authority": "new.foo", "scheme": "https", "redirectCode": 308 },
      "headers": { "response": { "add": { "x-routed": "yes" } } } },
    { "name": "direct", "match": [{ "uri": { "prefix": "/direct" } }],
      "directResponse": { "status": 418, "body": { "string": "short and stout" } },
      "headers": { "response": { "set": { "content-type": "text/teapot" } } } },
    { "name": "prefix", "match": [{ "uri": { "prefix": "/api/" } }], "rewrite": { "uri": "/", "authority": "inner.foo" },
      "route": [{ "destination": "one" }] },
    { "name": "swap", "match": [{ "uri": { "prefix": "/swap/" } }],
      "rewrite": { "uriRegexRewrite": { "match": "^/swap/([^/]+)/(.+)$", "rewrite": "/\\2/\\1" } },
      "route": [{ "destination": "one" }] },
    { "name": "headers", "match": [{ "uri": { "prefix": "/headers" } }],
      "route": [{ "destination": "one", "headers": { "request": { "set": { "x-set": "destination", "x-one": "1" } },
                                                     "response": { "set": { "x-out": "destination" } } } }],
      "headers": { "request": { "set": { "x-set": "route" }, "add": { "x-add": "a" }, "remove": ["x-gone"] },
                   "response": { "add": { "x-out": "route" }, "remove": ["x-inner"] } } },
    { "name": "commands", "match": [{ "uri": { "prefix": "/commands" } }],
      "route": [{ "destination": "one" }],
      "headers": { "request": { "set": { "x-ip": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%", "x-two": "<%REQ(x-one)%> %PROTOCOL%",
                                         "x-start": "%START_TIME(%s)%", "x-san": "%DOWNSTREAM_PEER_URI_SAN%", "x-percent": "5%%" } },
                   "response": { "set": { "x-told": "%RESPONSE_CODE% %UPSTREAM_HOST% %REQ(:path)% %ROUTE_NAME%" } } } },
    { "name": "told", "match": [{ "uri": { "prefix": "/told" } }], "directResponse": { "status": 418 },
      "headers": { "response": { "set": { "x-told": "%RESPONSE_CODE% %RESPONSE_CODE_DETAILS% %REQ(host)%" } } } },
    { "name": "split", "match": [{ "uri": { "prefix": "/split" } }],
      "route": [{ "destination": "one", "weight": 1 }, { "destination": "two", "weight": 3 }] },
    { "name": "missing", "match": [{ "uri": { "prefix": "/missing" } }], "route": [{ "destination": "nowhere" }] },
    { "name": "empty", "match": [{ "uri": { "prefix": "/empty" } }], "route": [{ "destination": "empty" }],
      "headers": { "response": { "set": { "x-routed": "yes" } } } },
    { "name": "timeout", "match": [{ "uri": { "prefix": "/timeout" } }], "timeout": "300ms", "route": [{ "destination": "one" }] },
    { "name": "retry", "match": [{ "uri": { "prefix": "/retry" } }], "route": [{ "destination": "one" }],
      "retries": { "attempts": 3, "retryOn": "5xx,reset,409,unavailable", "backoff": "5ms" } },
    { "name": "try", "match": [{ "uri": { "prefix": "/try" } }], "route": [{ "destination": "one" }],
      "retries": { "attempts": 2, "retryOn": "5xx", "perTryTimeout": "700ms", "backoff": "5ms" } },
    { "name": "dead", "match": [{ "uri": { "prefix": "/dead" } }], "route": [{ "destination": "dead" }] },
    { "name": "half", "match": [{ "uri": { "prefix": "/half" } }], "route": [{ "destination": "half" }] },
    { "name": "delay", "match": [{ "uri": { "prefix": "/delay" } }], "fault": { "delay": { "fixedDelay": "300ms" } },
      "route": [{ "destination": "one" }] },
    { "name": "abort", "match": [{ "uri": { "prefix": "/abort" } }],
      "fault": { "delay": { "fixedDelay": "100ms" }, "abort": { "httpStatus": 555 } }, "route": [{ "destination": "one" }] },
    { "name": "some", "match": [{ "uri": { "prefix": "/some" } }],
      "fault": { "abort": { "httpStatus": 500, "percentage": { "value": 50 } } }, "route": [{ "destination": "one" }] },
    { "name": "mirror", "match": [{ "uri": { "prefix": "/mirror" } }], "route": [{ "destination": "one" }],
      "mirrors": [{ "destination": "shadow" }] },
    { "name": "slowmirror", "match": [{ "uri": { "prefix": "/badmirror" } }], "route": [{ "destination": "one" }],
      "mirrors": [{ "destination": "dead" }, { "destination": "nowhere" }] },
    { "name": "cors", "match": [{ "uri": { "prefix": "/cors" } }], "route": [{ "destination": "one" }],
      "corsPolicy": { "allowOrigins": [{ "exact": "https://a.test" }, { "regex": "https://.*\\.b\\.test" }],
        "allowMethods": ["GET", "PUT"], "allowHeaders": ["x-a"], "exposeHeaders": ["x-b"], "maxAge": "24h0s",
        "allowCredentials": true } },
    { "name": "broken", "match": [{ "uri": { "prefix": "/broken" } }], "fault": { "abort": { "grpcStatus": 8 } },
      "route": [{ "destination": "one" }] },
    { "name": "outlier", "match": [{ "uri": { "prefix": "/outlier" } }], "route": [{ "destination": "outlier" }] },
    { "name": "grpc", "match": [{ "uri": { "prefix": "/grpc" } }], "route": [{ "destination": "one" }] } ] } } }
JSON
sed -i "s|WORK|$work|; s|24h0s|86400s|" "$work/proxy.json"
"$proxy" static --config "$work/proxy.json" --concurrency 1 >"$work/proxy.out" 2>"$work/proxy.err" &
proxy_id=$!
wait_for 30 grep -q serving "$work/proxy.err" || { cat "$work/proxy.err"; exit 1; }

get() { curl -s -m 10 -H 'Host: web.foo' "$@"; }
url=http://127.0.0.1:15001
# What the application was asked, what the client got: <jq-like path> of the answer.
field() { python3 -c 'import json,sys; a=json.load(sys.stdin)
for k in sys.argv[1].split("/"): a=a.get(k) if a else None
print(a)' "$1"; }
status() { get -o /dev/null -w '%{http_code}' "$@"; }
logged() { # <pattern>: the last line of the access log that has it.
    wait_for 30 grep -q -- "$1" "$work/access.log" || { echo "not logged"; return; }
    grep -- "$1" "$work/access.log" | tail -1
}

# Bodies of known length
check "a connection serves on after a body of known length" '1 0' \
    "$(get --data-binary abc -o /dev/null -o /dev/null -w '%{num_connects} ' $url/exact $url/exact | sed 's/ $//')"
check "the time limit begins with the body's last octet" 504 "$(status --data-binary abc "$url/timeout?sleep=5")"

# Matching
check "an exact path" two "$(get $url/exact?x=1 | field name)"
check "a path that is the same in another form" two "$(get --path-as-is $url/x/../%65xact | field name)"
check "no match, no route: 404" 404 "$(status $url/exactly)"
check "404 says NR and why" '*404 NR route_not_found*' "$(logged ' /exactly ')"
check "an expression matches the whole path" 'two404' "$(get $url/v12/items | field name)$(status $url/v12/items/3)"
check "the case of a path may be ignored" two "$(get $url/case/x | field name)"
check "a field" two "$(get -H 'End-User: jason' $url/x | field name)"
check "a parameter" 'two404' "$(get "$url/x?q=aaa" | field name)$(status "$url/x?q=b")"
check "a method" two "$(get -X DELETE $url/x | field name)"
check "the log names the route" '* - method *' "$(logged 'DELETE /x')"

# Answers by the proxy itself
answer=$(get -i $url/redirect/a?b=c | tr -d '\r')
check "a redirect" '*308 Permanent Redirect*location: https://new.foo/redirect/a?b=c*' "$answer"
check "a route's changes hold for redirects" '*x-routed: yes*' "$answer"
check "a redirect is logged as one" '*308 - direct_response*' "$(logged ' /redirect/a')"
answer=$(get -i $url/direct | tr -d '\r')
check "a direct response" '*418 *content-length: 15*short and stout' "$answer"
check "its type can be set" '*content-type: text/teapot*' "$answer"

# Rewrites and fields
check "a prefix is replaced, the query stays" '//x/y?z=/api/' "/$(get "$url/api/x/y?z=/api/" | field path)"
check "the authority is replaced" 'inner.foo' "$(get $url/api/x | field headers/host)"
check "the original path is told, and logged" '/api/w' "$(get $url/api/w | field headers/x-envoy-original-path)"
check "the log has the original path" '*GET /api/w HTTP*' "$(logged '/api/w')"
check "an expression rewrites" '/b/c/a?q' "$(get "$url/swap/a/b/c?q" | field path)"
answer=$(get -H 'x-gone: 1' -H 'x-set: client' "$url/headers")
check "removed, set by the route after the destination, added" 'None route a 1' \
    "$(for name in gone set add one; do field "headers/x-$name" <<<"$answer"; done | tr '\n' ' ' | sed 's/ $//')"
answer=$(get -i "$url/headers?respond=x-inner:secret;x-out:application" | tr -d '\r' | grep -i '^x-' | tr '\n' ' ')
check "a response's fields" '*x-out: destination x-out: route *' "$answer"
check "a field that is removed does not arrive" '0' "$(grep -c inner <<<"$answer")"
answer=$(get -H 'x-one: 1' -H 'x-san: forged' "$url/commands")
check "Envoy's commands in a request's fields" '127.0.0.1 <1> HTTP/1.1 None 5%' \
    "$(for name in ip two san percent; do field "headers/x-$name" <<<"$answer"; done | tr '\n' ' ' | sed 's/ $//')"
check "the time of a request" 1 "$(($(date +%s) - $(field headers/x-start <<<"$answer") < 600))"
check "and in a response's" '*x-told: 200 127.0.0.1:8001 /commands?a commands*' "$(get -i "$url/commands?a" | tr -d '\r')"
check "and in an answer of the proxy" '*x-told: 418 direct_response web.foo*' "$(get -i "$url/told" | tr -d '\r')"

# Destinations
count=0
for _ in $(seq 1 80); do [[ $(get $url/split | field name) == two ]] && count=$((count + 1)); done
check "weights 1:3 ($count of 80)" 1 "$((count > 44 && count < 76))"
check "a destination that is not there" 503 "$(status $url/missing)"
check "NC" '*503 NC cluster_not_found*' "$(logged '/missing')"
check "no endpoint, with the route's fields" '*503*x-routed: yes*no healthy upstream' "$(get -i $url/empty | tr -d '\r')"
check "UH" '*503 UH no_healthy_upstream*' "$(logged '/empty')"

# Time
check "a timeout" 'upstream request timeout504' "$(get -w '%{http_code}' "$url/timeout?sleep=2")"
check "UT" '*504 UT response_timeout*' "$(logged '/timeout')"
check "fast enough" 200 "$(status $url/timeout)"
check "the application is told how long it has" 300 "$(get $url/timeout | field headers/x-envoy-expected-rq-timeout-ms)"
get -o /dev/null "$url/timeout?stall=2"
check "a response that stalls is cut off (curl 18 or 56)" '@(18|56)' "$?"
check "a delay is a delay" 1 "$(get -o /dev/null -w '%{time_total}' $url/delay | awk '{print ($1 >= 0.3 && $1 < 2)}')"
check "DI" '*200 DI via_upstream*' "$(logged '/delay')"
check "an abort" 'fault filter abort555' "$(get -w '%{http_code}' $url/abort)"
check "DI and FI" '*555 DI,FI fault_filter_abort*' "$(logged '/abort')"
count=0
for _ in $(seq 1 60); do [[ $(status $url/some) == 500 ]] && count=$((count + 1)); done
check "half of them fail ($count of 60)" 1 "$((count > 12 && count < 48))"

# Attempts
check "a 503 is tried again" '3 3' \
    "$(answer=$(get "$url/retry?id=a&fail=2"); echo "$(field count <<<"$answer") $(field headers/x-envoy-attempt-count <<<"$answer")")"
check "after the last attempt the answer stands" 503 "$(status "$url/retry?id=b&fail=9")"
check "URX" '*503 URX via_upstream*' "$(logged 'id=b')"
check "four attempts were made" 4 "$(grep -c 'id=b' "$work/one")"
check "a status of the list" 2 "$(get "$url/retry?id=c&fail=1&with=409" | field count)"
check "a body is sent again" '2 5000' \
    "$(answer=$(head -c 5000 /dev/zero | get --data-binary @- "$url/retry?id=d&fail=1"); echo "$(field count <<<"$answer") $(field received <<<"$answer")")"
check "so are chunks" '2 5000' \
    "$(answer=$(head -c 5000 /dev/zero | get -H 'Transfer-Encoding: chunked' --data-binary @- "$url/retry?id=e&fail=1"); echo "$(field count <<<"$answer") $(field received <<<"$answer")")"
check "a closed connection is tried again" 3 "$(get -X POST "$url/retry?id=f&drop=2" | field count)"
check "a gRPC status is tried again" 2 "$(get "$url/retry?id=g&grpc=1" | field count)"
check "an attempt that takes too long is tried again" 2 "$(get "$url/try?id=h&sleep=3&times=1" | field count)"
check "all attempts too long" 'upstream request timeout504' "$(get -w '%{http_code}' "$url/try?id=i&sleep=3")"
check "URX and UT" '*504 URX,UT upstream_per_try_timeout*' "$(logged 'id=i')"
check "nobody listens" 503 "$(status $url/dead)"
check "URX and UF" '*503 URX,UF upstream_reset_before_response_started{remote_connection_failure*' "$(logged '/dead')"
check "without wish no 503 is tried again" 1 "$(get "$url/grpc?id=j&fail=1" | field count)"
count=0
for _ in $(seq 1 20); do [[ $(status $url/half) == 200 ]] && count=$((count + 1)); done
check "another endpoint is tried after one that refuses" 20 "$count"

# Copies
check "the answer is the destination's" 'one' "$(get $url/mirror?m=1 | field name)"
check "the copy arrives, with another authority" 'shadow GET /mirror?m=1 web.foo-shadow 0' \
    "$(wait_for 30 grep -q 'm=1' "$work/shadow"; grep 'm=1' "$work/shadow")"
check "bodies are copied" 'one' "$(head -c 30000 /dev/zero | get --data-binary @- $url/mirror?m=2 | field name)"
check "whole" 'shadow POST /mirror?m=2 web.foo-shadow 30000' \
    "$(wait_for 30 grep -q 'm=2' "$work/shadow"; grep 'm=2' "$work/shadow")"
check "chunks are copied" 'one' \
    "$(head -c 30000 /dev/zero | get -H 'Transfer-Encoding: chunked' --data-binary @- $url/mirror?m=3 | field name)"
check "whole, too" 'shadow POST /mirror?m=3 web.foo-shadow 30000' \
    "$(wait_for 30 grep -q 'm=3' "$work/shadow"; grep 'm=3' "$work/shadow")"
check "a copy that goes nowhere disturbs nobody" 200 "$(status $url/badmirror)"
check "a slow copy does not, either" 1 "$(get -o /dev/null -w '%{time_total}' "$url/mirror?id=slow&sleep=0.1" | awk '{print ($1 < 2)}')"

# CORS
answer=$(get -i -X OPTIONS -H 'Origin: https://a.test' -H 'Access-Control-Request-Method: PUT' $url/cors | tr -d '\r')
check "a preflight is answered" '*200 OK*allow-origin: https://a.test*allow-credentials: true*allow-methods: GET,PUT*allow-headers: x-a*max-age: 86400*' "$answer"
check "and logged" '*200 - cors_response*' "$(logged 'OPTIONS /cors')"
answer=$(get -i -H 'Origin: https://x.b.test' "$url/cors?respond=access-control-allow-origin:*" | tr -d '\r')
check "a page of an allowed origin may read" '*access-control-allow-origin: https://x.b.test*expose-headers: x-b*' "$answer"
check "and only it" 1 "$(grep -ci '^access-control-allow-origin' <<<"$answer")"
check "another origin's request goes on without" 0 "$(get -i -H 'Origin: https://evil.test' $url/cors | grep -ci access-control)"
check "its preflight is the application's" one \
    "$(get -X OPTIONS -H 'Origin: https://evil.test' -H 'Access-Control-Request-Method: PUT' $url/cors | field name)"

# Endpoints that fail in a row are left out: of two one at most.
for _ in $(seq 1 12); do get -o /dev/null "$url/outlier?status=500"; done
check "an endpoint that fails is left out" 1 "$(wait_for 30 grep -q 'is left out for 60 s' "$work/proxy.err" && grep -c 'is left out' "$work/proxy.err")"
check "requests go to the others" 1 "$(for _ in $(seq 1 20); do get "$url/outlier" | field name; done | sort -u | wc -l)"

# gRPC's own timeout
grpc() { get -i -X POST -H 'content-type: application/grpc' -H 'te: trailers' "$@" | tr -d '\r'; }
check "grpc-timeout" '*200*grpc-status: *grpc-message: upstream request timeout*' \
    "$(grpc -H 'grpc-timeout: 200m' "$url/grpc?sleep=2")"
check "an abort with a gRPC status" '*200*grpc-status: 8*grpc-message: fault filter abort*' "$(grpc $url/broken)"

# Bytes by server name: another listener address stands for the port of a TLS service.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=test -keyout "$work/key.pem" \
    -out "$work/certificate.pem" 2>/dev/null
for name in red blue; do
    case $name in red) port=8011 ;; blue) port=8012 ;; esac
    mkdir "$work/$name.www"
    echo $name >"$work/$name.www/name"
    (cd "$work/$name.www" && exec openssl s_server -quiet -accept 127.0.0.1:$port -cert "$work/certificate.pem" \
        -key "$work/key.pem" -WWW >/dev/null 2>&1) &
    wait_for 30 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" || echo "NOT OK: $name does not start"
done
cat >"$work/tls.json" <<JSON
{ "outbound": "127.0.0.1:15101", "inbound": "127.0.0.1:15106", "outboundFallback": "10.0.0.2:443",
  "accessLogFile": "$work/access.log", "otherAddresses": "blackHole",
  "addresses": { "10.0.0.2:443": {
    "tls": [ { "serverNames": ["*.foo"], "destinations": "red" }, { "serverNames": ["blue.foo"], "destinations": "blue" } ],
    "other": [ { "name": "red", "weight": 1 }, { "name": "BlackHoleCluster", "weight": 1 } ] } },
  "destinations": [ { "name": "red", "endpoints": ["127.0.0.1:8011"] }, { "name": "blue", "endpoints": ["127.0.0.1:8012"] } ] }
JSON
"$proxy" static --config "$work/tls.json" --concurrency 1 >"$work/tls.out" 2>"$work/tls.err" &
wait_for 30 grep -q serving "$work/tls.err" || { cat "$work/tls.err"; exit 1; }
secure() { curl -sk -m 5 --connect-to "::127.0.0.1:15101" "$@"; }
check "a server name's suffix" red "$(secure https://any.foo/name)"
check "the exact name wins, though it comes later" blue "$(secure https://blue.foo/name)"
check "the log has the server name" '*blue.foo*' "$(logged 'blue.foo -')"
count=0
for _ in $(seq 1 40); do [[ $(secure https://other.bar/name) == red ]] && count=$((count + 1)); done
check "other names go to the rest, by weight ($count of 40)" 1 "$((count > 6 && count < 34))"
check "a ClientHello in pieces" blue "$(python3 - <<'PYTHON'
import socket, ssl, time
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(received, sent, server_hostname="blue.foo")
s = socket.create_connection(("127.0.0.1", 15101), 5)
def pump(step, pieces=False):
    while True:
        try:
            return step()
        except ssl.SSLWantReadError:
            data = sent.read()
            while pieces and data:
                s.sendall(data[:50])
                data = data[50:]
                time.sleep(0.005)
            s.sendall(data)
            received.write(s.recv(65536))
pump(tls.do_handshake, True)
tls.write(b"GET /name HTTP/1.0\r\n\r\n")
print(pump(lambda: tls.read(1000)).split()[-1].decode())
PYTHON
)"

# Routes change under load.
for _ in $(seq 1 60); do status $url/retry?id=load; echo; done >"$work/load" &
loader=$!
for _ in 1 2 3 4 5; do reload $proxy_id "$work/proxy.err"; done
wait $loader
check "no request is lost when routes change" 60 "$(grep -c '^200$' "$work/load")"
sed -i 's|/v\[0-9\]+/items|(|' "$work/proxy.json"
kill -HUP $proxy_id
check "a bad expression is refused, and the last good routes stay" 1 \
    "$(wait_for 30 grep -q 'missing )' "$work/proxy.err" && grep -c 'route expression: regular expression ( cannot be used' "$work/proxy.err")"
check "they serve" two "$(get $url/v1/items | field name)"

if ((failures > 0)); then
    tail -n 20 "$work/proxy.err"
    tail -n 20 "$work/one.err"
fi
echo "$failures checks failed"
exit $((failures > 0))
