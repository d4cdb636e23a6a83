"""A client's and several servers' sidecars on the loopback of a network namespace of their own."""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

PROXY = sys.argv[1]
WORK = tempfile.mkdtemp(prefix="apus-http2-")
CLIENT = ("127.0.0.1", 15001)
APPLICATION, GRPC, SCRIPTED = 8080, 50051, 8090
failures = 0
processes = []


def check(what, holds, found=""):
    global failures
    print(f"ok: {what}" if holds else f"NOT OK: {what}: {str(found)[:400]}", flush=True)
    failures += 0 if holds else 1


def sh(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def curl(*arguments, host="web.test", path="/", version="--http2-prior-knowledge"):
    url = f"http://{CLIENT[0]}:{CLIENT[1]}{path}"
    return sh("curl", "-s", "-m", "20", version, "-H", f"Host: {host}:8000", *arguments, url)


def certificates():
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=WORK, check=True, capture_output=True)

    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "root.key")
    openssl("req", "-x509", "-new", "-key", "root.key", "-days", "1", "-subj", "/O=test", "-out", "root.pem")
    for name in ("client", "server"):
        with open(f"{WORK}/{name}.ext", "w") as file:
            file.write(f"subjectAltName=critical,URI:spiffe://cluster.local/ns/test/sa/{name}\n")
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        openssl("req", "-new", "-key", f"{name}.key", "-subj", "/", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial",
                "-days", "1", "-extfile", f"{name}.ext", "-out", f"{name}.pem")


def start(name, configuration):
    identity = name.split("-")[0]
    configuration |= {"certificate": f"{WORK}/{identity}.pem", "key": f"{WORK}/{identity}.key",
                      "roots": f"{WORK}/root.pem", "accessLogFile": f"{WORK}/{name}.log"}
    with open(f"{WORK}/{name}.json", "w") as file:
        json.dump(configuration, file)
    errors = open(f"{WORK}/{name}.err", "w")
    process = subprocess.Popen([PROXY, "static", "--concurrency", "1", "--config", f"{WORK}/{name}.json"],
                               stdout=errors, stderr=errors)
    processes.append(process)
    return process


def wait_for(port):
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"nothing listens on port {port}")


# Inbound port, the application's port, its declared protocol, its policy; the client's name for it and declaration.
SERVERS = [
    ("http", 15101, APPLICATION, "http", "STRICT", "web.test", "http"),
    ("auto", 15102, APPLICATION, "http", "STRICT", "auto.test", "auto"),
    ("any", 15107, GRPC, "auto", "STRICT", "any.test", "auto"),
    ("grpc", 15103, GRPC, "http2", "STRICT", "grpc.test", "http2"),
    ("plain", 15104, APPLICATION, "http", "PERMISSIVE", "plain.test", "http2"),
    ("scripted", 15105, SCRIPTED, "http2", "STRICT", "scripted.test", "http2"),
    ("cross", 15106, APPLICATION, "http", "STRICT", "cross.test", "http2"),
]


def start_pairs():
    certificates()
    destinations, hosts = [], {}
    for name, port, target, protocol, mode, host, declared in SERVERS:
        start(f"server-{name}", {
            "outbound": f"127.0.0.1:{port + 100}", "inbound": f"127.0.0.1:{port}", "otherAddresses": "blackHole",
            "inboundFallback": f"127.0.0.1:{target}", "outboundFallback": "192.0.2.1:1",
            "inboundPolicy": {"otherMode": mode, "ports": [{"number": target, "protocol": protocol, "mode": mode}]}})
        destinations.append({"name": f"outbound|8000||{host}", "protocol": declared, "endpoints": [f"127.0.0.1:{port}"],
                             "tls": "ISTIO_MUTUAL", "subjectAltNames": ["spiffe://cluster.local/ns/test/sa/server"]})
        hosts[f"{host}:8000"] = f"outbound|8000||{host}"
    destinations.append({"name": "outbound|8000||dead.test", "endpoints": ["127.0.0.1:1"]})
    hosts["dead.test:8000"] = "outbound|8000||dead.test"
    client = start("client", {
        "outbound": f"{CLIENT[0]}:{CLIENT[1]}", "inbound": "127.0.0.1:15006", "outboundFallback": "192.0.2.1:8000",
        "inboundFallback": "127.0.0.1:1", "inboundPolicy": {"otherMode": "STRICT"}, "otherAddresses": "blackHole",
        "addresses": {"192.0.2.1:8000": {"http": 8000, "allowsUnknownHosts": False}}, "hosts": hosts,
        "destinations": destinations})
    for port in [CLIENT[1], *[server[1] for server in SERVERS]]:
        wait_for(port)
    return client


def log(name, wanted=""):
    """A proxy's access log, as soon as it has what the expression `wanted` says; after 30 s as it is then."""
    path, deadline = f"{WORK}/{name}.log", time.monotonic() + 30
    while True:
        text = open(path).read() if os.path.exists(path) else ""
        if re.search(wanted, text) or time.monotonic() > deadline:
            return text
        time.sleep(0.05)


def resident(process):
    for line in open(f"/proc/{process.pid}/status"):
        if line.startswith("VmRSS"):
            return int(line.split()[1])


def stop():
    for process in processes:
        process.kill()
        process.wait()
    if failures:
        for name in sorted(os.listdir(WORK)):
            if name.endswith((".log", ".err")):
                print(f"--- {name}", *open(f"{WORK}/{name}").read().splitlines()[-15:], sep="\n")
    sh("rm", "-rf", WORK)
