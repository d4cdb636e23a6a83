#!/bin/bash
# Writes the images that a mesh on Kubernetes runs, as archives of the form of `docker save`, which
# `ctr images import` takes, too: each a program with the libraries it needs, and what it starts.
# Usage: images.sh <directory of the programs> <directory for the archives>
set -euo pipefail
bin=${1:-.build/release}
out=${2:-.build/images}
version=$("$bin/apus-proxy" version | sed 's/.* //')
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# put ROOT PROGRAM PLACE: the program with its shared libraries, where the loader looks for them.
put() {
    local root=$1 library
    install -D -m 755 "$2" "$root$3"
    ldd "$2" | sed -nE 's/.* => (\/[^ ]+) .*/\1/p; s/^\t(\/[^ ]+) .*/\1/p' | while read -r library; do
        [ -e "$root$library" ] || install -D -m 755 "$library" "$root$library"
    done
}

# image NAME PROGRAM: the program as the image's entry point.
image() {
    local name=$1 program=$2 root=$work/$1/root
    mkdir -p "$root/tmp" "$root/run" "$root/etc/ssl/certs"
    chmod 1777 "$root/tmp"
    printf 'root:x:0:0:root:/:/sbin/nologin\nistio-proxy:x:1337:1337::/:/sbin/nologin\n' >"$root/etc/passwd"
    printf 'root:x:0:\nistio-proxy:x:1337:\n' >"$root/etc/group"
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    mkdir -p "$root/usr/lib/ssl"
    ln -s /etc/ssl/certs "$root/usr/lib/ssl/certs"
    ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
    put "$root" "$bin/$program" "/usr/local/bin/$program"
    # The sidecar's init container redirects with it.
    if [ "$program" = apus-proxy ]; then put "$root" "$(command -v nft)" /usr/sbin/nft; fi

    (
        cd "$work/$name"
        tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf layer.tar -C root .
        layer=$(sha256sum layer.tar | cut -d' ' -f1)
        architecture=$(dpkg --print-architecture)
        cat >config.json <<JSON
{"architecture":"$architecture","os":"linux","created":"1970-01-01T00:00:00Z",
"config":{"Entrypoint":["/usr/local/bin/$program"],"Env":["PATH=/usr/local/bin:/usr/sbin:/usr/bin"]},
"rootfs":{"type":"layers","diff_ids":["sha256:$layer"]}}
JSON
        cat >manifest.json <<JSON
[{"Config":"config.json","RepoTags":["docker.io/apus/$name:$version"],"Layers":["layer.tar"]}]
JSON
        tar --mtime=@0 -cf archive.tar manifest.json config.json layer.tar
    )
    mv "$work/$name/archive.tar" "$out/$name.tar"
    echo "docker.io/apus/$name:$version in $out/$name.tar"
}

image apusd apusd
image proxy apus-proxy
