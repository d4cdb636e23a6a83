#!/bin/bash
# For gateways.sh to read in: certificates good and bad, in the current directory.

authority() { # <name> [<issuer>]
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr" 2>/dev/null
    mkdir -p "$1.files" && touch "$1.files/index.txt"
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index.txt\ndefault_md=sha256\nrand_serial=yes\npolicy=p\nunique_subject=no\nnew_certs_dir=%s\ncopy_extensions=copy\n[p]\ncommonName=supplied\n[issuer]\nbasicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n' \
        "$1.files" "$1.files" >"$1.conf"
    local by=(-selfsign)
    [ -n "${2:-}" ] && by=(-cert "$2.pem")
    openssl ca -batch -config "${2:-$1}.conf" "${by[@]}" -keyfile "${2:-$1}.key" -in "$1.csr" -out "$1.pem" -notext \
        -extensions issuer -days 60 2>/dev/null
}

# A certificate for <name>.example and what else is asked for; its key is ECDSA.
issue() { # <name> [<issuer> [<first day> <last day>, as date understands them]]
    [ -e "$1.key" ] || openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null
    openssl req -new -key "$1.key" -subj "/CN=$1" -addext "subjectAltName=DNS:$1.example${names:-}" -out "$1.csr" 2>/dev/null
    openssl ca -batch -config "${2:-root}.conf" -cert "${2:-root}.pem" -keyfile "${2:-root}.key" -in "$1.csr" -notext \
        -startdate "$(date -u -d "${3:-1 hour ago}" +%Y%m%d%H%M%SZ)" -enddate "$(date -u -d "${4:-30 days}" +%Y%m%d%H%M%SZ)" \
        -out "$1.pem" 2>/dev/null
}

# A revocation list of <issuer>, in <file>.
revocations() { # <issuer> <file> [<first day> <last day>]
    openssl ca -config "$1.conf" -cert "$1.pem" -keyfile "$1.key" -gencrl \
        -crl_lastupdate "$(date -u -d "${3:-1 hour ago}" +%Y%m%d%H%M%SZ)" \
        -crl_nextupdate "$(date -u -d "${4:-1 day}" +%Y%m%d%H%M%SZ)" -out "$2" 2>/dev/null
}

# A Secret of the gateway's namespace from <key>=<file>; replaces one of the same name.
secret() { # <name> <key=file...>
    local name=$1 files=()
    shift
    for file in "$@"; do files+=("--from-file=$file"); done
    kubectl create secret generic "$name" -n "${namespace:-istio-system}" "${files[@]}" --dry-run=client -o yaml
    echo ---
}

make_authorities() {
    authority root
    authority foreign
    authority middle root
}

make_site_certificates() {
    names=,DNS:shared.example,DNS:grpc.example,DNS:sockets.example,DNS:secret.example issue site
    issue rotated
    issue client
}

# Each in the state that its name says, as Secrets.
make_broken_secrets() {
    local good="tls.crt=plain.pem tls.key=plain.key"
    names=,DNS:oldlist.example,DNS:foreignlist.example issue plain
    issue other
    issue expired root "2 days ago" "1 day ago"
    issue early root "1 day" "2 days"
    openssl genpkey -algorithm ed25519 -out modern.key 2>/dev/null
    issue modern
    head -c 300 plain.pem >garbage.pem
    issue strangers
    issue disordered middle
    cat middle.pem disordered.pem >disordered.chain
    cat strangers.pem other.pem >strangers.chain
    echo nonsense >garbage.crl
    revocations root old.crl "2 days ago" "1 day ago"
    revocations foreign foreign.crl
    {
        secret nokey tls.crt=plain.pem
        secret mismatch tls.crt=plain.pem tls.key=other.key
        secret garbage tls.crt=garbage.pem tls.key=plain.key
        secret expired tls.crt=expired.pem tls.key=expired.key
        secret early tls.crt=early.pem tls.key=early.key
        secret modern tls.crt=modern.pem tls.key=modern.key
        secret noroots $good
        secret badlist $good ca.crt=root.pem ca.crl=garbage.crl
        secret oldlist $good ca.crt=root.pem ca.crl=old.crl
        secret foreignlist $good ca.crt=root.pem ca.crl=foreign.crl
        secret disordered tls.crt=disordered.chain tls.key=disordered.key
        secret strangers tls.crt=strangers.chain tls.key=strangers.key
        namespace=default secret elsewhere $good
    } >broken.yaml
}

# Good ones for the same hosts, in another state than they were.
mend_secrets() { # <name...>
    local name
    for name in "$@"; do
        rm -f "$name.key" "$name.pem"
        issue "$name"
        secret "$name" tls.crt="$name.pem" tls.key="$name.key" ca.crt=root.pem
    done >mended.yaml
}
