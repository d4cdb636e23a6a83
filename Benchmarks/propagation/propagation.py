#!/usr/bin/env python3
"""How long a policy takes from `apply` to its effect on the wire.

Needs a running mesh in which pod httpbin of namespace full has a sidecar, as `make demo` leaves it behind, and
KUBECONFIG. Changes PeerAuthentication full/propagation between PERMISSIVE and STRICT, and after each change asks the
pod in plain text until the answer is the one that the policy demands. Prints milliseconds from the begin of the API
call; removes the policy at the end.
"""
import base64
import http.client
import json
import os
import re
import ssl
import statistics
import subprocess
import tempfile
import time

NAMESPACE = "full"
PATH = f"/apis/security.istio.io/v1beta1/namespaces/{NAMESPACE}/peerauthentications"
ROUNDS = 20


class Cluster:
    """One kept connection to the API server: kubectl would take longer to start than the policy to spread."""

    def __init__(self, kubeconfig):
        text = open(kubeconfig).read()
        with tempfile.TemporaryDirectory() as directory:
            for field in ("certificate-authority", "client-certificate", "client-key"):
                data = re.search(field + r'-data: *"?([A-Za-z0-9+/=]+)', text).group(1)
                with open(f"{directory}/{field}", "wb") as file:
                    file.write(base64.b64decode(data))
            context = ssl.create_default_context(cafile=f"{directory}/certificate-authority")
            context.load_cert_chain(f"{directory}/client-certificate", f"{directory}/client-key")
        host, port = re.search(r'server: *"?https://([^:"]+):(\d+)', text).groups()
        self.connection = http.client.HTTPSConnection(host, int(port), context=context)

    def request(self, method, path, body=None, content_type="application/json"):
        text = None if body is None else json.dumps(body)
        self.connection.request(method, path, text, {"Content-Type": content_type})
        response = self.connection.getresponse()
        answer = response.read()
        if response.status >= 400 and not (method == "DELETE" and response.status == 404):
            raise SystemExit(f"{method} {path}: {response.status} {answer.decode()}")
        return answer

    def set_mode(self, mode):
        patch = {"spec": {"mtls": {"mode": mode}}}
        self.request("PATCH", f"{PATH}/propagation", patch, "application/merge-patch+json")


def accepts_plaintext(address):
    try:
        connection = http.client.HTTPConnection(address, 80, timeout=2)
        connection.request("GET", "/status/200")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


def main():
    cluster = Cluster(os.environ["KUBECONFIG"])
    pods = ["kubectl", "get", "pod", "-n", NAMESPACE, "-l", "app=httpbin", "-o", "jsonpath={.items[0].status.podIP}"]
    address = subprocess.run(pods, check=True, capture_output=True, text=True).stdout
    cluster.request("DELETE", f"{PATH}/propagation")
    cluster.request("POST", PATH, {
        "apiVersion": "security.istio.io/v1beta1", "kind": "PeerAuthentication",
        "metadata": {"name": "propagation", "namespace": NAMESPACE}, "spec": {"mtls": {"mode": "STRICT"}},
    })
    while accepts_plaintext(address):
        pass
    calls, effects = [], []
    for number in range(ROUNDS):
        accepts = number % 2 == 0
        begin = time.monotonic()
        cluster.set_mode("PERMISSIVE" if accepts else "STRICT")
        calls.append((time.monotonic() - begin) * 1000)
        while accepts_plaintext(address) != accepts:
            pass
        effects.append((time.monotonic() - begin) * 1000)
    cluster.request("DELETE", f"{PATH}/propagation")
    print(f"apply call    median {statistics.median(calls):6.1f} ms   max {max(calls):6.1f} ms")
    print(f"until effect  median {statistics.median(effects):6.1f} ms   max {max(effects):6.1f} ms   of {ROUNDS}")


if __name__ == "__main__":
    main()
