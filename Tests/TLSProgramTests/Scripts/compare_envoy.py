"""Sends random ClientHellos to Envoy and to our TLS server, and compares what they choose.

    compare_envoy.py ENVOY TEST-TLS-SERVER [--seed N] [--count N] [--verbose]

Version, cipher suite, group, whether another key share is asked for, and whether there is a choice at all must be the
same for each hello under each configuration. A difference is printed with the hello; the seed makes it happen again.

On purpose ours alone refuses two kinds of clients that nobody has met: those of TLS 1.2 that name no signature
algorithms, to whom Envoy signs with SHA-1, and those that name none for the key of the certificate.
"""

import argparse
import json
import random
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

GREASE = 0x5A5A
SUITES_13 = [0x1301, 0x1302, 0x1303]
SUITES_12 = [
    0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC009, 0xC013, 0xC00A, 0xC014, 0x009C, 0x009D, 0x002F, 0x0035,
    0xC023, 0xC027, 0xC024, 0xC028, 0x003C, 0x003D, 0x009E, 0x009F, 0xCCAA, 0x000A, 0x0033, 0x0039, 0x0005, 0xC0AC,
]
GROUPS = [29, 23, 24, 25, 30, 256, 0x11EC]
SIGNATURES = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0603, 0x0806, 0x0601]

RSA, ECDSA = ("rsa",), ("ecdsa",)
BOTH = ("rsa", "ecdsa")
OLD = ["ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA", "AES128-SHA", "AES256-SHA", "ECDHE-RSA-AES128-GCM-SHA256"]
# name, certificates, lowest version, highest, suites, groups
CONFIGURATIONS = [
    ("min12-rsa", RSA, 2, 3, [], []),
    ("min12-ecdsa", ECDSA, 2, 3, [], []),
    ("min12-both", BOTH, 2, 3, [], []),
    ("only12-both", BOTH, 2, 2, [], []),
    ("only12-rsa", RSA, 2, 2, [], []),
    ("only13-both", BOTH, 3, 3, [], []),
    ("suites", RSA, 2, 3, ["ECDHE-RSA-AES256-GCM-SHA384", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA"], []),
    (
        "equals",
        BOTH,
        2,
        3,
        [
            "[ECDHE-RSA-AES256-GCM-SHA384|ECDHE-RSA-CHACHA20-POLY1305|AES256-GCM-SHA384]",
            "[ECDHE-ECDSA-AES256-GCM-SHA384|ECDHE-ECDSA-CHACHA20-POLY1305]",
            "AES128-SHA",
        ],
        [],
    ),
    ("groups", RSA, 2, 3, [], ["P-384", "X25519", "P-256"]),
    ("min10", RSA, 0, 3, OLD, []),
    ("only11", RSA, 1, 1, OLD, []),
]


# What is sent


def vector(content, octets):
    return len(content).to_bytes(octets, "big") + content


def numbers(values):
    return b"".join(struct.pack(">H", value) for value in values)


class Hello:
    """One ClientHello; made from a random source and nothing else."""

    def __init__(self, source, shares):
        modern = source.random() < 0.6
        self.legacy = 0x0303 if modern or source.random() < 0.7 else source.choice([0x0301, 0x0302])
        self.versions = None
        if modern:
            self.versions = source.sample([0x0304, 0x0303, 0x0302, 0x0301, GREASE], source.randint(1, 5))
        self.suites = source.sample(SUITES_12, source.randint(1, len(SUITES_12)))
        if self.versions and 0x0304 in self.versions or source.random() < 0.05:
            for suite in source.sample(SUITES_13, source.randint(0, 3)):
                self.suites.insert(source.randint(0, len(self.suites)), suite)
        if source.random() < 0.3:
            self.suites.insert(0, GREASE)
        self.suites.append(0x00FF)
        self.groups = None if source.random() < 0.05 else source.sample(GROUPS, source.randint(1, len(GROUPS)))
        known = [group for group in self.groups or [] if group in shares]
        # A share of a group that is not on the list, or in another order, is a breach of the protocol.
        self.shares = [group for group in known if source.random() < 0.5]
        kinds = source.random()
        if kinds < 0.05:
            self.signatures = None
        elif kinds < 0.7:
            self.signatures = source.sample(SIGNATURES, len(SIGNATURES))
        else:
            self.signatures = source.sample(SIGNATURES, source.randint(1, len(SIGNATURES)))
        self.protocols = source.random() < 0.5
        self.random = source.randbytes(32)
        self.session = source.randbytes(32) if source.random() < 0.5 else b""
        self.order = source.random()

    def extensions(self, shares, source):
        found = [
            (0, vector(b"\0" + vector(b"a.example.com", 2), 2)),
            (23, b""),
            (11, b"\x01\x00"),
        ]
        if self.signatures is not None:
            found.append((13, vector(numbers(self.signatures), 2)))
        if self.groups is not None:
            found.append((10, vector(numbers(self.groups), 2)))
        if self.versions:
            found.append((43, vector(numbers(self.versions), 1)))
            if 0x0304 in self.versions:
                content = b"".join(struct.pack(">H", group) + vector(shares[group], 2) for group in self.shares)
                found.append((51, vector(content, 2)))
                found.append((45, b"\x01\x01"))
        if self.protocols:
            found.append((16, vector(vector(b"h2", 1) + vector(b"http/1.1", 1), 2)))
        source.shuffle(found)
        return b"".join(struct.pack(">H", kind) + vector(content, 2) for kind, content in found)

    def record(self, shares):
        source = random.Random(self.order)
        body = struct.pack(">H", self.legacy) + self.random + vector(self.session, 1)
        body += vector(numbers(self.suites), 2) + b"\x01\x00" + vector(self.extensions(shares, source), 2)
        return b"\x16\x03\x01" + vector(b"\x01" + vector(body, 3), 2)

    def __str__(self):
        def words(values):
            return "-" if values is None else ",".join(f"{value:04x}" for value in values)

        return (
            f"version {self.legacy:04x} versions {words(self.versions)} suites {words(self.suites)}"
            f" groups {words(self.groups)} shares {words(self.shares)} signatures {words(self.signatures)}"
        )


# What comes back

RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


def read_exactly(connection, count):
    found = b""
    while len(found) < count:
        part = connection.recv(count - len(found))
        if not part:
            raise EOFError
        found += part
    return found


def messages(connection):
    """The handshake messages in plain text; an alert ends them."""
    pending = b""
    while True:
        kind, _, length = struct.unpack(">BHH", read_exactly(connection, 5))
        content = read_exactly(connection, length)
        if kind == 21:
            yield "alert", content
            return
        if kind != 22:
            return
        pending += content
        while len(pending) >= 4:
            size = int.from_bytes(pending[1:4], "big")
            if len(pending) < 4 + size:
                break
            yield pending[0], pending[4 : 4 + size]
            pending = pending[4 + size :]


def choice(address, record):
    """What the server chooses: (version, suite, group, retry), or ("alert", its number), or ("end", 0)."""
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(record)
        chosen = None
        try:
            for kind, body in messages(connection):
                if kind == "alert":
                    return ("alert", body[1])
                if kind == 2:
                    chosen = server_hello(body)
                    if chosen[0] == 0x0304 or not forward(chosen[1]):
                        return chosen
                if kind == 12 and chosen and body[0] == 3:
                    return (chosen[0], chosen[1], struct.unpack(">H", body[1:3])[0], False)
        except (EOFError, ConnectionResetError):
            pass
        return ("end", 0)


def forward(suite):
    return suite >> 8 in (0xC0, 0xCC)


def server_hello(body):
    (version,) = struct.unpack(">H", body[:2])
    retry = body[2:34] == RETRY
    at = 35 + body[34]
    (suite,) = struct.unpack(">H", body[at : at + 2])
    at += 5
    group = 0
    while at + 4 <= len(body):
        kind, length = struct.unpack(">HH", body[at : at + 4])
        content = body[at + 4 : at + 4 + length]
        if kind == 43:
            (version,) = struct.unpack(">H", content)
        if kind == 51:
            (group,) = struct.unpack(">H", content[:2])
        at += 4 + length
    return (version, suite, group, retry)


# The two servers


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def certificates(folder):
    found = {}
    for kind, options in [("rsa", ["rsa:2048"]), ("ecdsa", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])]:
        key, chain = f"{folder}/{kind}.key", f"{folder}/{kind}.crt"
        run(
            "openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=a.example.com", "-addext",
            "subjectAltName=DNS:a.example.com", "-addext", "keyUsage=critical,digitalSignature,keyEncipherment",
            "-newkey", *options, "-keyout", key, "-out", chain,
        )  # fmt: skip
        found[kind] = (chain, key)
    return found


def key_shares(folder):
    """A public key for each group that key shares are sent of."""
    found = {}
    for group, name, size in [(29, "X25519", 32), (23, "P-256", 65), (24, "P-384", 97)]:
        path = f"{folder}/{group}"
        kind = ["X25519"] if group == 29 else ["EC", "-pkeyopt", f"ec_paramgen_curve:{name}"]
        run("openssl", "genpkey", "-algorithm", *kind, "-out", path)
        run("openssl", "pkey", "-in", path, "-pubout", "-outform", "DER", "-out", path + ".der")
        with open(path + ".der", "rb") as file:
            found[group] = file.read()[-size:]
    return found


def envoy_listener(configuration, files):
    name, kinds, lowest, highest, suites, groups = configuration
    parameters = {
        "tls_minimum_protocol_version": f"TLSv1_{lowest}",
        "tls_maximum_protocol_version": f"TLSv1_{highest}",
        # Newer Envoys prefer X25519MLKEM768, which OpenSSL 3.0 does not have.
        "ecdh_curves": groups or ["X25519", "P-256"],
    }
    if suites:
        parameters["cipher_suites"] = suites
    pairs = [
        {"certificate_chain": {"filename": files[kind][0]}, "private_key": {"filename": files[kind][1]}}
        for kind in kinds
    ]
    context = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "common_tls_context": {
            "tls_params": parameters,
            "tls_certificates": pairs,
            "alpn_protocols": ["h2", "http/1.1"],
        },
    }
    types = "type.googleapis.com/envoy.extensions.filters"
    proxy = {
        "@type": f"{types}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "route_config": {"virtual_hosts": []},
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{types}.http.router.v3.Router"}}],
    }
    return {
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [
            {
                "transport_socket": {"name": "envoy.transport_sockets.tls", "typed_config": context},
                "filters": [{"name": "http", "typed_config": proxy}],
            }
        ],
    }


def start_envoy(program, folder, files):
    bootstrap = {
        "static_resources": {"listeners": [envoy_listener(one, files) for one in CONFIGURATIONS]},
        "admin": {"address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}}},
    }
    with open(f"{folder}/envoy.json", "w") as file:
        json.dump(bootstrap, file)
    log = open(f"{folder}/envoy.log", "w")
    process = subprocess.Popen(
        [program, "-c", f"{folder}/envoy.json", "--admin-address-path", f"{folder}/admin", "--concurrency", "1",
         "--use-dynamic-base-id", "--log-level", "warning"],
        stdout=log,
        stderr=log,
    )  # fmt: skip
    addresses = {}
    end = time.monotonic() + 30
    while len(addresses) < len(CONFIGURATIONS):
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            sys.exit("compare_envoy: Envoy does not start:\n" + open(f"{folder}/envoy.log").read())
        try:
            with open(f"{folder}/admin") as file:
                admin = file.read().strip()
            with urllib.request.urlopen(f"http://{admin}/listeners?format=json", timeout=5) as answer:
                for status in json.load(answer).get("listener_statuses", []):
                    socket_address = status["local_address"]["socket_address"]
                    addresses[status["name"]] = (socket_address["address"], socket_address["port_value"])
        except (OSError, ValueError):
            time.sleep(0.05)
    return process, addresses


def start_ours(program, configuration, files):
    _, kinds, lowest, highest, suites, groups = configuration
    command = [program, "--minProtocolVersion", f"TLSV1_{lowest}", "--maxProtocolVersion", f"TLSV1_{highest}"]
    for kind in kinds:
        command += ["--serverCertificate", files[kind][0], "--privateKey", files[kind][1]]
    command += ["--alpn", "h2,http/1.1"]
    if suites:
        command += ["--cipherSuites", ",".join(suites)]
    if groups:
        command += ["--ecdhCurves", ",".join(groups)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    if not line.startswith("listening on "):
        sys.exit("compare_envoy: our server does not start: " + line)
    host, port = line.split()[-1].rsplit(":", 1)
    return process, (host, int(port))


def is_refused_on_purpose(hello, expected, found):
    if found[0] != "alert" or expected[0] != 0x0303:
        return False
    rsa = {0x0804, 0x0401, 0x0805, 0x0501, 0x0806, 0x0601}
    return hello.signatures is None or (not forward(expected[1]) and not rsa.intersection(hello.signatures))


def alike(hello, expected, found):
    if expected[0] == "alert" and found[0] == "alert":
        return True
    return expected == found or is_refused_on_purpose(hello, expected, found)


def told(found):
    if isinstance(found[0], str):
        return f"{found[0]} {found[1]}"
    version, suite, group, retry = found
    return f"version {version:04x} suite {suite:04x} group {group}" + (" after a retry" if retry else "")


def compare(configuration, theirs, ours, arguments, shares):
    name = configuration[0]
    source = random.Random(f"{arguments.seed} {name}")
    differences, chosen = 0, 0
    for number in range(arguments.count):
        hello = Hello(source, shares)
        record = hello.record(shares)
        expected, found = choice(theirs, record), choice(ours, record)
        chosen += expected[0] != "alert"
        if not alike(hello, expected, found):
            differences += 1
            if differences <= 5 or arguments.verbose:
                print(f"{name} {number}: Envoy {told(expected)}; ours {told(found)}\n    {hello}")
    print(f"{name}: {arguments.count - differences} of {arguments.count} alike, {chosen} of them a connection")
    return differences, chosen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("envoy")
    parser.add_argument("server")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    processes = []
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        try:
            files, shares = certificates(folder), key_shares(folder)
            process, addresses = start_envoy(arguments.envoy, folder, files)
            processes.append(process)
            for configuration in CONFIGURATIONS:
                process, address = start_ours(arguments.server, configuration, files)
                processes.append(process)
                differences, chosen = compare(configuration, addresses[configuration[0]], address, arguments, shares)
                # A comparison of refusals alone would compare nothing.
                failed = failed or differences > 0 or chosen * 10 < arguments.count
        finally:
            for process in processes:
                process.kill()
                process.wait()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
