#!/bin/sh
# Installs the Debian packages that Apus is built from, runs with and is tested with; only what is missing.
# --check says what is missing and installs nothing.
set -eu

# The one list. Kubernetes' command line is added below, because many machines have a newer one of their own.
packages="
    libnghttp2-dev libre2-dev libsqlite3-dev libssl-dev libyaml-dev zlib1g-dev
    ca-certificates curl iproute2 make nftables openssl pkg-config procps runc uidmap
    gunicorn nghttp2-client nginx python3-grpcio python3-h2 python3-httpbin python3-pip python3-websockets
    strace testssl.sh
"
command -v kubectl >/dev/null 2>&1 || packages="$packages kubernetes-client"

missing=""
for package in $packages; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || status=absent
    [ "$status" = installed ] || missing="$missing $package"
done

if ! command -v swift >/dev/null 2>&1; then
    echo "dependencies: swift is not on PATH; Swift 6.3 is needed, see https://www.swift.org/install/linux" >&2
    exit 1
fi
if [ -z "$missing" ]; then
    exit 0
fi
echo "dependencies: missing:$missing"
if [ "${1:-}" = --check ]; then
    exit 1
fi
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1; then
    as_root=sudo
else
    echo "dependencies: become root and run: apt-get install$missing" >&2
    exit 1
fi
# Nothing begins to serve because of us: nginx would listen on port 80, now and after every start of the machine.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap '$as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
    $as_root chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # Both are lists on purpose.
$as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends $missing
case $missing in
*nginx*) if [ -d /run/systemd/system ]; then $as_root systemctl disable --quiet nginx; fi ;;
esac
