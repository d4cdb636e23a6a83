#!/usr/bin/env python3
"""Two sidecars with mutual TLS between wrk and nginx: Apus beside Envoy, HAProxy and nginx, in the same run.

Load generator and origin run on one CPU, both proxies on another. Rounds are interleaved, so that a neighbour's
load meets all alike; the table shows medians, and ratios to Envoy round by round.
"""
import argparse
import os
import platform
import re
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
HOST = "web.bench:8000"
TICK = os.sysconf("SC_CLK_TCK")


def sh(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


class Pair:
    """Two processes: the client's proxy, plaintext in and mutual TLS out, and the server's, the other way round."""

    base = 0

    def __init__(self, work):
        self.work = work
        Pair.base += 10
        self.client_port = 21000 + Pair.base
        self.server_port = 21001 + Pair.base
        self.processes = []

    def start(self, *commands):
        for command in commands:
            log = open(f"{self.work}/{self.name}.log", "a")
            self.processes.append(subprocess.Popen(["taskset", "-c", PROXY_CPU, *command], stdout=log, stderr=log))
        for port in (self.client_port, self.server_port):
            wait_for(port)

    def stop(self):
        for side in self.pids():
            for pid in side:
                os.kill(pid, signal.SIGKILL)
        for process in self.processes:
            process.wait()
        self.processes = []

    def pids(self):
        """For each side the process and those it started."""
        return [[p.pid] + [int(x) for x in sh("pgrep", "-P", str(p.pid)).split()] for p in self.processes]

    def cpu(self):
        def ticks(pid):
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])

        return [sum(ticks(pid) for pid in side) * 1e6 / TICK for side in self.pids()]

    def resident(self):
        def kilobytes(pid):
            return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1))

        return [sum(kilobytes(pid) for pid in side) for side in self.pids()]


class Direct(Pair):
    name = "no proxy"

    def __init__(self, work):
        super().__init__(work)
        self.client_port = self.server_port = ORIGIN

    def run(self):
        pass


class Apus(Pair):
    name = "Apus"

    def __init__(self, work, program):
        super().__init__(work)
        self.program = program

    def configuration(self, side):
        client = side == "client"
        ports = (self.client_port, self.client_port + 5) if client else (self.server_port + 5, self.server_port)
        return write(
            f"{self.work}/apus-{side}.json",
            f"""{{ "outbound": "127.0.0.1:{ports[0]}", "inbound": "127.0.0.1:{ports[1]}",
  "outboundFallback": "192.0.2.1:8000", "inboundFallback": "127.0.0.1:{ORIGIN}",
  "certificate": "{self.work}/{side}.pem", "key": "{self.work}/{side}.key", "roots": "{self.work}/root.pem",
  "inboundPolicy": {{ "otherMode": "STRICT",
    "ports": [{{ "number": {ORIGIN}, "protocol": "http", "mode": "STRICT", "service": "web.bench" }}] }},
  "otherAddresses": "blackHole", "addresses": {{ "192.0.2.1:8000": {{ "http": 8000, "allowsUnknownHosts": false }} }},
  "hosts": {{ "web.bench:8000": "outbound|8000||web.bench" }},
  "destinations": [{{ "name": "outbound|8000||web.bench", "endpoints": ["127.0.0.1:{self.server_port}"],
    "tls": "ISTIO_MUTUAL", "subjectAltNames": ["spiffe://cluster.local/ns/bench/sa/server"] }}] }}""",
        )

    def run(self):
        self.start(
            *[[self.program, "static", "--concurrency", "1", "--config", self.configuration(s)] for s in ("client", "server")]
        )

    @staticmethod
    def version(program):
        return sh(program, "version").strip()


class HAProxy(Pair):
    name = "HAProxy"

    def configuration(self, side):
        pem = f"{self.work}/{side}-both.pem"
        write(pem, open(f"{self.work}/{side}.pem").read() + open(f"{self.work}/{side}.key").read())
        head = (
            "global\n maxconn 8000\n nbthread 1\n"
            "defaults\n mode http\n timeout connect 5s\n timeout client 1h\n timeout server 1h\n"
            " option http-keep-alive\n http-reuse always\n"
        )
        if side == "client":
            tls = f"ssl crt {pem} ca-file {self.work}/root.pem verify required alpn http/1.1"
            body = f"listen c\n bind 127.0.0.1:{self.client_port}\n server s 127.0.0.1:{self.server_port} {tls}\n"
        else:
            body = (
                f"listen s\n bind 127.0.0.1:{self.server_port} ssl crt {pem} ca-file {self.work}/root.pem verify required\n"
                " http-request set-header X-Forwarded-Client-Cert Hash=%[ssl_c_sha1,hex]\n"
                f" server o 127.0.0.1:{ORIGIN}\n"
            )
        return write(f"{self.work}/haproxy-{side}.cfg", head + body)

    def run(self):
        self.start(*[["haproxy", "-db", "-f", self.configuration(s)] for s in ("client", "server")])


class Nginx(Pair):
    name = "nginx"

    def configuration(self, side):
        head = (
            f"worker_processes 1; daemon off; pid {self.work}/nginx-{side}.pid; error_log {self.work}/nginx-{side}.err;\n"
            "events { worker_connections 8192; }\nhttp { access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;\n"
        )
        proxy = "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $host;"
        files = f"{self.work}/{side}"
        if side == "client":
            tls = (
                f"proxy_ssl_certificate {files}.pem; proxy_ssl_certificate_key {files}.key;"
                f" proxy_ssl_trusted_certificate {self.work}/root.pem; proxy_ssl_protocols TLSv1.3;"
            )
            body = (
                f"upstream s {{ server 127.0.0.1:{self.server_port}; keepalive 256; keepalive_requests 1000000000; }}\n"
                f"server {{ listen 127.0.0.1:{self.client_port}; location / {{ proxy_pass https://s; {proxy} {tls} }} }} }}"
            )
        else:
            body = (
                f"upstream o {{ server 127.0.0.1:{ORIGIN}; keepalive 256; keepalive_requests 1000000000; }}\n"
                f"server {{ listen 127.0.0.1:{self.server_port} ssl; ssl_certificate {files}.pem; ssl_certificate_key {files}.key;"
                f" ssl_client_certificate {self.work}/root.pem; ssl_verify_client on; ssl_protocols TLSv1.2 TLSv1.3;"
                f" location / {{ proxy_pass http://o; {proxy} }} }} }}"
            )
        return write(f"{self.work}/nginx-{side}.conf", head + body)

    def run(self):
        self.start(*[["nginx", "-c", self.configuration(s)] for s in ("client", "server")])


class Envoy(Pair):
    name = "Envoy"

    def __init__(self, work, program):
        super().__init__(work)
        self.program = program

    def tls(self, side):
        return f"""
            common_tls_context:
              tls_params: {{ tls_minimum_protocol_version: TLSv1_2, tls_maximum_protocol_version: TLSv1_3 }}
              tls_certificates:
              - certificate_chain: {{ filename: {self.work}/{side}.pem }}
                private_key: {{ filename: {self.work}/{side}.key }}
              validation_context:
                trusted_ca: {{ filename: {self.work}/root.pem }}
                match_typed_subject_alt_names:
                - san_type: URI
                  matcher: {{ prefix: "spiffe://cluster.local/" }}"""

    def configuration(self, side):
        client = side == "client"
        listen, target = (self.client_port, self.server_port) if client else (self.server_port, ORIGIN)
        socket_kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3"
        downstream = "" if client else f"""
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": {socket_kind}.DownstreamTlsContext
          require_client_certificate: true{self.tls(side).replace(chr(10) + "  ", chr(10))}"""
        upstream = "" if not client else f"""
    transport_socket:
      name: envoy.transport_sockets.tls
      typed_config:
        "@type": {socket_kind}.UpstreamTlsContext
        sni: outbound_.8000_._.web.bench{self.tls(side).replace(chr(10) + "    ", chr(10))}"""
        xfcc = "" if client else """
          forward_client_cert_details: APPEND_FORWARD
          set_current_client_cert_details: { subject: true, uri: true, dns: true }"""
        return write(
            f"{self.work}/envoy-{side}.yaml",
            f"""
static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {listen} }} }}
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: hcm
          generate_request_id: true{xfcc}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              include_request_attempt_count: {str(client).lower()}
              routes:
              - match: {{ prefix: / }}
                route: {{ cluster: target, timeout: 0s, retry_policy: {{ retry_on: connect-failure, num_retries: 2 }} }}
          http_filters:
          - name: router
            typed_config: {{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}{downstream}
  clusters:
  - name: target
    lb_policy: LEAST_REQUEST
    load_assignment:
      cluster_name: target
      endpoints: [{{ lb_endpoints: [{{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {target} }} }} }} }}] }}]{upstream}
""",
        )

    def run(self):
        self.start(
            *[
                [self.program, "-c", self.configuration(side), "--concurrency", "1", "-l", "warn", "--base-id", str(id_)]
                for side, id_ in (("client", 71), ("server", 72))
            ]
        )


def wait_for(port):
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens on port {port}")


def load(pair, connections, seconds):
    """Requests per second, and microseconds of CPU per request on each side."""
    before = pair.cpu()
    url = f"http://127.0.0.1:{pair.client_port}/1k"
    text = sh(
        "taskset", "-c", LOAD_CPU, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-H", f"Host: {HOST}", url
    )
    after = pair.cpu()
    requests = int(re.search(r"(\d+) requests in", text).group(1))
    if "Non-2xx" in text or requests == 0:
        sys.exit(f"{pair.name}: {text}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    return rate, [(b - a) / requests for a, b in zip(before, after)]


def idle_connections(pair, count):
    """What one idle mutual TLS connection costs the server's proxy, in octets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(f"{pair.work}/client.pem", f"{pair.work}/client.key")
    context.set_alpn_protocols(["istio-http/1.1", "istio", "http/1.1"])
    before = pair.resident()[1]
    kept = []
    for _ in range(count):
        connection = context.wrap_socket(socket.create_connection(("127.0.0.1", pair.server_port)))
        connection.sendall(f"GET /1k HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        received = b""
        while b"xxx\n" not in received:
            received += connection.recv(65536)
        kept.append(connection)
    time.sleep(11)  # Idle connections give memory back after a while.
    grown = pair.resident()[1] - before
    for connection in kept:
        connection.close()
    return grown * 1024 / count


def main():
    global ORIGIN, LOAD_CPU, PROXY_CPU
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--apus", required=True, help="the release build of apus-proxy")
    parser.add_argument("--envoy", help="Envoy's program; left out without it")
    parser.add_argument("--work", required=True, help="a directory for configuration and logs")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", default="1,16,64")
    parser.add_argument("--idle", type=int, default=1000)
    options = parser.parse_args()
    work = os.path.abspath(options.work)
    os.makedirs(work, exist_ok=True)
    LOAD_CPU, PROXY_CPU = ("0", "1") if os.cpu_count() > 1 else ("0", "0")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        ORIGIN = free.getsockname()[1]
    subprocess.run(["sh", f"{HERE}/certificates.sh", work], check=True)
    os.makedirs(f"{work}/www", exist_ok=True)
    write(f"{work}/www/1k", "x" * 1023 + "\n")
    origin = write(
        f"{work}/origin.conf",
        f"worker_processes 1; daemon off; pid {work}/origin.pid; error_log {work}/origin.err;\n"
        "events { worker_connections 8192; }\nhttp { access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;\n"
        f"server {{ listen 127.0.0.1:{ORIGIN}; root {work}/www; }} }}",
    )
    origin_process = subprocess.Popen(["taskset", "-c", LOAD_CPU, "nginx", "-c", origin], stderr=subprocess.DEVNULL)
    pairs = [Direct(work), Apus(work, options.apus)]
    if options.envoy:
        pairs.append(Envoy(work, options.envoy))
    if shutil.which("haproxy"):
        pairs.append(HAProxy(work))
    pairs.append(Nginx(work))
    try:
        wait_for(ORIGIN)
        report(pairs, measure(pairs, options), options)
    finally:
        for pair in pairs:
            pair.stop()
        origin_process.terminate()


def measure(pairs, options):
    results = {pair.name: {"idle": [], "connection": None, "load": {}} for pair in pairs}
    for _ in range(options.rounds):
        for pair in pairs:
            pair.run()
            time.sleep(0.3)
            results[pair.name]["idle"].append(pair.resident())
            for connections in map(int, options.connections.split(",")):
                results[pair.name]["load"].setdefault(connections, []).append(load(pair, connections, options.seconds))
            pair.stop()
    for pair in pairs:
        if options.idle and not isinstance(pair, Direct):
            pair.run()
            results[pair.name]["connection"] = idle_connections(pair, options.idle)
            pair.stop()
    return results


def report(pairs, results, options):
    names = [pair.name for pair in pairs]
    print(f"\n{platform.node()}, {os.cpu_count()} CPUs, {cpu_model()}, Linux {platform.release()}, load {os.getloadavg()[0]:.1f}")
    print(f"Apus {Apus.version(options.apus)}; {versions(options)}")
    print(f"HTTP/1.1 keep-alive, 1 KiB, TLS 1.3, ECDSA P-256; medians of {options.rounds} interleaved rounds\n")
    rows = [["", *names]]
    for connections in next(iter(results.values()))["load"]:
        rows.append(
            [f"requests/s, {connections} connections"]
            + [f"{statistics.median(r for r, _ in results[n]['load'][connections]):,.0f}" for n in names]
        )
        rows.append([f"CPU µs/request client + server, {connections}"] + [cpu_cell(results[n], connections) for n in names])
        if "Envoy" in results:
            rows.append([f"CPU per hop, ratio to Envoy, {connections}"] + [ratio_cell(results, n, connections) for n in names])
    rows.append(["resident idle, MiB, client / server"] + [idle_cell(results[n]) for n in names])
    rows.append(["KiB per idle mutual TLS connection"] + [connection_cell(results[n]) for n in names])
    widths = [max(len(row[i]) for row in rows) for i in range(len(names) + 1)]
    for number, row in enumerate(rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def cpu_cell(result, connections):
    sides = list(zip(*[cpu for _, cpu in result["load"][connections] if cpu]))
    return " + ".join(f"{statistics.median(side):.1f}" for side in sides) or "–"


def ratio_cell(results, name, connections):
    mine, theirs = results[name]["load"][connections], results["Envoy"]["load"][connections]
    ratios = [sum(a) / sum(b) for (_, a), (_, b) in zip(mine, theirs) if a and sum(b)]
    return f"{statistics.median(ratios):.2f}" if ratios else "–"


def idle_cell(result):
    sides = list(zip(*[idle for idle in result["idle"] if idle]))
    return " / ".join(f"{statistics.median(side) / 1024:.1f}" for side in sides) or "–"


def connection_cell(result):
    return "–" if result["connection"] is None else f"{result['connection'] / 1024:.1f}"


def cpu_model():
    match = re.search(r"model name\s*:\s*(.*)", open("/proc/cpuinfo").read())
    return match.group(1) if match else platform.machine()


def versions(options):
    found = []
    if options.envoy:
        match = re.search(r"/(\d+\.\d+\.\d+)/", sh(options.envoy, "--version"))
        found.append(f"Envoy {match.group(1) if match else '?'}")
    if shutil.which("haproxy"):
        found.append("HAProxy " + sh("haproxy", "-v").split()[2])
    nginx = subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr
    found.append("nginx " + nginx.strip().rsplit("/", 1)[-1])
    return ", ".join(found)


if __name__ == "__main__":
    main()
