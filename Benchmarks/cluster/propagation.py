"""How long a policy takes from `apply` to its effect in all of many sidecars."""
import select
import socket
import statistics
import time

from lab import INJECTED, path

NAMESPACE = "many"
POLICY = {
    "apiVersion": "security.istio.io/v1",
    "kind": "PeerAuthentication",
    "metadata": {"name": "propagation", "namespace": NAMESPACE},
    "spec": {"mtls": {"mode": "PERMISSIVE"}},
}


class Propagation:
    """Every sidecar holds a plaintext connection; after the change to STRICT it has to end it.

    Nobody asks in between, so that asking takes no CPU from those who answer.
    """

    def __init__(self, proxies, rounds):
        self.proxies, self.rounds = proxies, rounds

    def rows(self):
        yield "propagation", f"policy change to effect in {self.proxies} sidecars, ms, median", "< 20"
        yield "propagation p99", "the same, 99th of 100", "< 50"
        yield "propagation last", "the same, the last sidecar", ""
        yield "propagation call", "of which the call of the API server", ""

    def measure(self, lab):
        lab.namespace(NAMESPACE, INJECTED)
        labels = {"app": "many"}
        container = {"name": "app", "image": "busybox", "command": ["sleep", "infinity"], "ports": [{"containerPort": 80}]}
        lab.api.create(path("services", NAMESPACE), {
            "metadata": {"name": "many", "namespace": NAMESPACE},
            "spec": {"selector": labels, "ports": [{"name": "http", "port": 80}]},
        })  # fmt: skip
        annotations = {"proxy.istio.io/config": "concurrency: 1"}
        lab.api.create(path("deployments", NAMESPACE, group="apps"), {
            "metadata": {"name": "many", "namespace": NAMESPACE},
            "spec": {
                "replicas": self.proxies,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels, "annotations": annotations},
                    "spec": {"containers": [container]},
                },
            },
        })  # fmt: skip
        addresses = [pod["status"]["podIP"] for pod in lab.ready_pods(NAMESPACE, self.proxies)]
        lab.api.create(path("peerauthentications", NAMESPACE, group="security"), POLICY)
        found = {key: [] for key, _, _ in self.rows()}
        for _ in range(self.rounds):
            times, call = self.once(lab, addresses)
            found["propagation"].append(statistics.median(times))
            found["propagation p99"].append(statistics.quantiles(times, n=100)[98])
            found["propagation last"].append(max(times))
            found["propagation call"].append(call)
        self.remove(lab)
        return found

    def once(self, lab, addresses):
        """Milliseconds until each connection has ended, and of the call, both from its begin."""
        self.set_mode(lab, "PERMISSIVE")
        connections = {}
        for address in addresses:
            connection = self.hold(address)
            connections[connection.fileno()] = connection
        time.sleep(0.2)  # What the connections have set off is over.
        poll = select.epoll()
        for descriptor in connections:
            poll.register(descriptor, select.EPOLLIN | select.EPOLLRDHUP)
        begin = time.monotonic()
        self.set_mode(lab, "STRICT")
        call = time.monotonic() - begin
        times = []
        while connections:
            ended = poll.poll(30)
            now = time.monotonic()
            if not ended:
                raise RuntimeError(f"{len(connections)} sidecars still accept plaintext after 30 s")
            for descriptor, _ in ended:
                poll.unregister(descriptor)
                connections.pop(descriptor).close()
                times.append((now - begin) * 1000)
        poll.close()
        return times, call * 1000

    @staticmethod
    def set_mode(lab, mode):
        lab.api.patch(path("peerauthentications", NAMESPACE, "propagation", "security"), {"spec": {"mtls": {"mode": mode}}})

    @staticmethod
    def hold(address):
        """A connection on which a request in plaintext was answered; by the sidecar, as no application listens."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                connection = socket.create_connection((address, 80), 5)
                connection.sendall(b"GET / HTTP/1.1\r\nHost: many\r\n\r\n")
                if connection.recv(4096).startswith(b"HTTP/1.1"):
                    return connection
                connection.close()
            except OSError:
                pass
            time.sleep(0.005)
        raise RuntimeError(f"the sidecar of {address} does not accept plaintext")

    def remove(self, lab):
        lab.api.request("DELETE", path("namespaces", "", NAMESPACE))
        lab.wait(lambda: not lab.pods(NAMESPACE), "the pods are gone")
