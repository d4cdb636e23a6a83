#!/bin/sh
# Makes a throw-away mesh CA and two workload certificates with SPIFFE URIs in the directory given: ecdsa (P-256) or rsa (2048).
set -eu
out=$1
kind=$2
mkdir -p "$out"
cd "$out"

make_key() {
    if [ "$kind" = rsa ]; then
        openssl genrsa -out "$1" 2048 2>/dev/null
    else
        openssl ecparam -name prime256v1 -genkey -noout -out "$1" 2>/dev/null
    fi
}

make_key root.key
openssl req -x509 -new -key root.key -sha256 -days 30 -subj "/O=cluster.local" -out root.pem \
    -addext "keyUsage=critical,keyCertSign,cRLSign" 2>/dev/null
for name in client server; do
    make_key "$name.key"
    openssl req -new -key "$name.key" -subj "/" -out "$name.csr" 2>/dev/null
    cat >"$name.ext" <<EXT
subjectAltName=critical,URI:spiffe://cluster.local/ns/bench/sa/$name
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth,clientAuth
basicConstraints=critical,CA:FALSE
EXT
    openssl x509 -req -in "$name.csr" -CA root.pem -CAkey root.key -CAcreateserial -days 30 -sha256 \
        -extfile "$name.ext" -out "$name.pem" 2>/dev/null
    cat "$name.pem" "$name.key" >"$name-both.pem"
done
