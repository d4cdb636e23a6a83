#!/bin/sh
# Makes a throw-away mesh CA and two workload certificates (ECDSA P-256, SPIFFE URI) in the directory given.
set -eu
out=$1
mkdir -p "$out"
cd "$out"
openssl ecparam -name prime256v1 -genkey -noout -out root.key 2>/dev/null
openssl req -x509 -new -key root.key -sha256 -days 30 -subj "/O=cluster.local" -out root.pem \
    -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
for name in client server; do
    openssl ecparam -name prime256v1 -genkey -noout -out "$name.key" 2>/dev/null
    openssl req -new -key "$name.key" -subj "/" -out "$name.csr" 2>/dev/null
    cat >"$name.ext" <<EXT
subjectAltName=critical,URI:spiffe://cluster.local/ns/bench/sa/$name
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth,clientAuth
basicConstraints=critical,CA:FALSE
EXT
    openssl x509 -req -in "$name.csr" -CA root.pem -CAkey root.key -CAcreateserial -days 30 -sha256 \
        -extfile "$name.ext" -out "$name.pem" 2>/dev/null
done
