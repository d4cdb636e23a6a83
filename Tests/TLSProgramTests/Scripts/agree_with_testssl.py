"""Compares what `apus tls-scan` finds with what testssl.sh finds: protocols, cipher suites, simulated clients.

    agree_with_testssl.py APUS TEST-TLS-SERVER [ENVOY]

The servers are Debian's nginx with old versions and all its suites, our own with the gateway's defaults, and Envoy's.
"""

import json
import re
import socket
import subprocess
import sys
import tempfile
import time

import compare_envoy

NAMES = {
    "SSLv2": "SSLv2",
    "SSLv3": "SSLv3",
    "TLSv1.0": "TLS 1",
    "TLSv1.1": "TLS 1.1",
    "TLSv1.2": "TLS 1.2",
    "TLSv1.3": "TLS 1.3",
}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def start_nginx(folder, files):
    """Nginx cannot choose a port itself; whoever takes ours in between makes us try again."""
    for _ in range(10):
        port = free_port()
        places = "".join(
            f"{kind}_temp_path {folder}/nginx-{kind};" for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        )
        with open(f"{folder}/nginx.conf", "w") as file:
            file.write(f"""
                daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; events {{}}
                http {{
                    access_log off; {places}
                    server {{
                        listen 127.0.0.1:{port} ssl http2;
                        ssl_certificate {files["rsa"][0]}; ssl_certificate_key {files["rsa"][1]};
                        ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:@SECLEVEL=0;
                        ssl_prefer_server_ciphers on; ssl_ecdh_curve X25519:P-384:P-256; return 200 ok;
                    }}
                }}""")
        process = subprocess.Popen(["nginx", "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while process.poll() is None and time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return process, ("127.0.0.1", port)
            except OSError:
                time.sleep(0.02)
        process.kill()
        process.wait()
    sys.exit("agree_with_testssl: nginx does not start: " + open(f"{folder}/nginx.log").read())


def testssl(address, *options):
    command = ["testssl", *options, "--color", "0", "--warnings", "off", "--quiet", f"{address[0]}:{address[1]}"]
    # The status counts findings.
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600).stdout


def their_protocols(text):
    found = {}
    for line in text.splitlines():
        row = re.match(r" (SSLv[23]|TLS 1(?:\.\d)?)  +(.*)$", line)
        if row:
            words = row[2]
            downgraded = "downgraded" in words
            found[row[1]] = "downgraded" if downgraded else "no" if words.startswith("not offered") else "yes"
    return found


def their_clients(text):
    found = {}
    for line in text.split("client simulations", 1)[-1].splitlines():
        row = re.match(r" (\S.*?)  +(No connection|(?:TLSv1\.\d|SSLv\d) .*)$", line.rstrip())
        if row:
            found[row[1]] = re.sub(r"\s+", " ", row[2].replace(",", " ")).strip()
    return found


def their_suites(text):
    found, version = {}, None
    for line in text.splitlines():
        head = re.match(r"(SSLv[23]|TLS 1(?:\.\d)?)\b", line)
        if head:
            version = head[1]
            found[version] = set()
        row = re.match(r" x[0-9a-f]+ +(\S+) ", line)
        if row and version:
            found[version].add(row[1])
    return {version: suites for version, suites in found.items() if suites}


def ours(apus, address):
    command = [apus, "tls-scan", f"{address[0]}:{address[1]}", "--clients", "-o", "json"]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout)
    protocols = {}
    for entry in report["protocols"]:
        downgraded = "downgradedTo" in entry
        protocols[NAMES[entry["version"]]] = "yes" if entry["offered"] else "downgraded" if downgraded else "no"
    clients = {}
    for entry in report["clients"]:
        words = "No connection"
        if entry["connects"]:
            words = f"{entry['protocol']} {entry['cipherSuite']} {entry['forwardSecrecy'] or 'No FS'}"
        clients[entry["name"]] = words
    suites = {
        NAMES[entry["version"]]: {name for rank in entry["suites"] for name in rank} for entry in report["cipherSuites"]
    }
    return protocols, clients, suites


def differences(what, theirs, mine):
    found = [key for key in sorted(set(theirs) | set(mine)) if theirs.get(key) != mine.get(key)]
    for key in found:
        print(f"    {what} {key}: testssl.sh {theirs.get(key)}, tls-scan {mine.get(key)}")
    return len(found)


def compare(name, apus, address):
    text = testssl(address, "--protocols", "--client-simulation")
    protocols, clients, suites = ours(apus, address)
    expected = their_protocols(text), their_clients(text), their_suites(testssl(address, "--cipher-per-proto"))
    if len(expected[0]) != 6 or len(expected[1]) != 35 or not expected[2]:
        sys.exit(f"agree_with_testssl: testssl.sh did not finish with {name}:\n{text}")
    count = differences("protocol", expected[0], protocols) + differences("client", expected[1], clients)
    count += differences("suites of", expected[2], suites)
    total = sum(len(one) for one in expected[2].values())
    print(f"{name}: 6 protocols, 35 clients and {total} suites compared, {count} differences", flush=True)
    return count


def main():
    apus, server, *envoy = sys.argv[1:]
    processes, count = [], 0
    with tempfile.TemporaryDirectory() as folder:
        try:
            files = compare_envoy.certificates(folder)
            process, address = start_nginx(folder, files)
            processes.append(process)
            count += compare("nginx", apus, address)
            defaults = next(one for one in compare_envoy.CONFIGURATIONS if one[0] == "min12-rsa")
            process, address = compare_envoy.start_ours(server, defaults, files)
            processes.append(process)
            count += compare("our server", apus, address)
            if envoy:
                process, addresses = compare_envoy.start_envoy(envoy[0], folder, files)
                processes.append(process)
                count += compare("Envoy", apus, addresses["only12-both"])
        finally:
            for process in processes:
                process.terminate()
                process.wait()
    sys.exit(1 if count else 0)


if __name__ == "__main__":
    main()
