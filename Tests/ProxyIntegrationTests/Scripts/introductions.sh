#!/bin/bash
# Endpoints that are told by the PROXY protocol who the client is, with nginx as the endpoint: in plaintext, within TLS, in
# HTTP/2, as bytes, from a sidecar and from a gateway. In namespaces of its own; needs root.
# Usage: introductions.sh APUS-PROXY
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=common.sh
. "$here/common.sh"
alone "$@"
proxy=$1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=tls.example" \
    -addext subjectAltName=DNS:tls.example -keyout "$work/server.key" -out "$work/server.pem" 2>/dev/null

cat >"$work/nginx.conf" <<CONF
daemon off; worker_processes 1; pid $work/nginx.pid; error_log $work/nginx.err;
events {}
http {
    log_format told '\$connection \$proxy_protocol_port';
    access_log $work/told.log told;
    client_body_temp_path $work/body; proxy_temp_path $work/a; fastcgi_temp_path $work/b; uwsgi_temp_path $work/c;
    scgi_temp_path $work/d; keepalive_requests 100000; keepalive_timeout 600;
    server {
        listen 127.0.0.1:8081 proxy_protocol; listen 127.0.0.1:8082 http2 proxy_protocol;
        listen 127.0.0.1:8443 ssl proxy_protocol;
        ssl_certificate $work/server.pem; ssl_certificate_key $work/server.key;
        location / {
            return 200 "\$proxy_protocol_addr \$proxy_protocol_port \$proxy_protocol_server_addr \$proxy_protocol_server_port \$connection ";
        }
    }
    server { listen 127.0.0.1:8083; access_log off; location / { stub_status; } }
}
CONF
nginx -c "$work/nginx.conf" 2>"$work/nginx.out" &
wait_for 30 curl -s http://127.0.0.1:8083/ || { cat "$work"/nginx.{out,err}; exit 1; }

destination() { # <name> <port> <protocol> <version>
    echo "{ \"name\": \"$1\", \"endpoints\": [\"127.0.0.1:$2\"], \"protocol\": \"$3\", \"proxyProtocol\": $4"
}
tls=", \"tls\": { \"caCertificates\": \"$work/server.pem\", \"sni\": \"tls.example\", \"subjectAltNames\": [\"tls.example\"] }"
destinations="\"destinations\": [ $(destination plain1 8081 http 1) }, $(destination plain2 8081 http 2) },
    $(destination tls1 8443 http 1)$tls }, $(destination tls2 8443 http 2)$tls }, $(destination h2 8082 http2 2) },
    $(destination bytes 8081 tcp 1) }, $(destination bytes2 8443 tcp 2)$tls }, $(destination none 8081 http 0) } ]"
files="\"certificate\": \"$work/server.pem\", \"key\": \"$work/server.key\", \"roots\": \"$work/server.pem\""
routes() { for name in plain1 plain2 tls1 tls2 h2 none; do echo "$1 \"/$name\", \"destination\": \"$name\" },"; done; }
cat >"$work/gateway.json" <<JSON
{ $files, "gateway": [ { "listen": "127.0.0.1:15080", "chains": [ { "routes": "http" } ] },
    { "listen": "[::1]:15080", "chains": [ { "routes": "http" } ] },
    { "listen": "127.0.0.1:15081", "chains": [ { "bytes": ["bytes"] } ] },
    { "listen": "127.0.0.1:15082", "chains": [ { "bytes": ["bytes2"] } ] } ],
  "routeTables": [ { "name": "http", "port": 80, "serverHosts": ["*"], "virtualHosts": [ { "domains": ["*"],
    "routes": [ $(routes '{ "prefix":') { "prefix": "/", "destination": "plain1" } ] } ] } ], $destinations }
JSON
cat >"$work/sidecar.json" <<JSON
{ $files, "outbound": "127.0.0.1:15001", "inbound": "127.0.0.1:15006", "outboundFallback": "198.51.100.1:80",
  "hosts": { "plain1:80": "plain1", "plain2:80": "plain2", "tls2:80": "tls2" }, "otherAddresses": { "http": 80 },
  $destinations }
JSON
for name in gateway sidecar; do
    "$proxy" static --config "$work/$name.json" --concurrency 1 >"$work/$name.out" 2>"$work/$name.err" &
    wait_for 30 grep -q serving "$work/$name.err" || { cat "$work/$name.err"; exit 1; }
done

# Asks, and prints what the endpoint was told: `same` stands for the client's own port.
told() { # <curl's arguments...>
    local port
    port=$(curl -s -m 60 -o "$work/answer" -w '%{local_port}' "$@")
    read -r ip from target to _ <"$work/answer"
    [[ $from == "$port" ]] && from=same
    echo "$ip $from $target $to"
}
for way in plain1 plain2 tls1 tls2 h2; do
    check "$way: the endpoint knows the client" '127.0.0.1 same 127.0.0.1 15080' "$(told "http://127.0.0.1:15080/$way")"
    check "$way: of IPv6" '::1 same ::1 15080' "$(told "http://[::1]:15080/$way")"
done
check "a client that speaks HTTP/2" '127.0.0.1 same 127.0.0.1 15080' \
    "$(told --http2-prior-knowledge http://127.0.0.1:15080/tls1)"
check "bytes" '127.0.0.1 same 127.0.0.1 15081' "$(told http://127.0.0.1:15081/)"
check "bytes that TLS carries on" '127.0.0.1 same 127.0.0.1 15082' "$(told http://127.0.0.1:15082/)"
for way in plain1 plain2 tls2; do
    check "$way: from a sidecar" '127.0.0.1 same 198.51.100.1 80' "$(told -H "Host: $way" http://127.0.0.1:15001/)"
done
check "an endpoint that wants to be told, and is not, closes" 503 \
    "$(curl -s -m 60 -o "$work/answer" -w '%{http_code}' http://127.0.0.1:15080/none)"

# One client's connection, and those of many
connections() { curl -s -m 60 "$@" | tr ' ' '\n' | sed -n '5~5p' | sort -u | wc -l; }
check "a client's requests share a connection" 1 "$(connections http://127.0.0.1:15080/tls2 http://127.0.0.1:15080/tls2)"
: >"$work/told.log"
h2load -n 400 -c 20 -m 1 -p h2c http://127.0.0.1:15080/plain2 >"$work/load" 2>&1
h2load --h1 -n 400 -c 20 http://127.0.0.1:15080/tls1 >>"$work/load" 2>&1
check "many clients at once are served" '2' "$(grep -c ' 400 succeeded, 0 failed' "$work/load")"
all_logged() { (($(wc -l <"$work/told.log") == 800)); }
wait_for 60 all_logged
check "each of them is told apart, on each of its requests" '40 clients with 20 requests' \
    "$(cut -d' ' -f2 "$work/told.log" | sort | uniq -c |
        awk '{ count[$1]++ } END { for (n in count) print count[n] " clients with " n " requests" }')"
check "with a connection of its own" 40 "$(sort -u "$work/told.log" | wc -l)"
nobody_left() { curl -s http://127.0.0.1:8083/ | grep -q '^Active connections: 1 '; }
wait_for 60 nobody_left
check "connections go with the client they were for" 'Active connections: 1 *' "$(curl -s http://127.0.0.1:8083/ | head -1)"

((failures == 0)) || { tail -n 5 "$work"/*.err; exit 1; }
