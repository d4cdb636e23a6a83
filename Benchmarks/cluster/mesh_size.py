"""What a sidecar and the control plane take in meshes of several sizes."""
import json
import time

from lab import INJECTED, cpu, memory, path

USED = 5
NAMESPACE = "used"


class MeshSize:
    """A sidecar whose application calls five services, however many there are; new for each size.

    The others have two endpoints each and no pods, so that the node has no part in what is measured.
    """

    def __init__(self, sizes):
        self.sizes = sizes

    def rows(self):
        for size in self.sizes:
            yield f"own {size}", f"sidecar's own memory, {size:,} services of which {USED} are used, MiB", "flat"
            yield f"resident {size}", "the same, resident with the pages of files, MiB", "< +1"
            yield f"resources {size}", "the same, what it was told of", "flat"
        for size in self.sizes:
            yield f"plane {size}", f"apusd resident, {size:,} services, MiB", ""
            yield f"cpu {size}", f"apusd, CPU ms for a policy change, {size:,} services", ""
            yield f"endpoint {size}", f"apusd, CPU ms for a changed endpoint, {size:,} services", ""
        for size in self.sizes[1:]:
            yield f"load {size}", f"apusd, CPU s to take over {size:,} services", ""

    def measure(self, lab):
        lab.namespace(NAMESPACE, INJECTED)
        self.serve(lab)
        results, present = {}, USED
        for size in self.sizes:
            pid = lab.processes("apusd")[0]
            before = cpu(pid)
            self.grow(lab, present, size)
            present = size
            self.settle(pid)
            results[f"load {size}"] = cpu(pid) - before
            self.sidecar(lab, size, results)
            results[f"plane {size}"] = memory(pid)[0] / 1024
            results[f"cpu {size}"] = self.changes(pid, lambda number: self.policy(lab, number))
            results[f"endpoint {size}"] = self.changes(pid, lambda number: self.endpoint(lab, number))
        return results

    # The mesh

    def serve(self, lab):
        """One pod behind the five services."""
        labels = {"app": "server"}
        container = {
            "name": "app", "image": "debian", "ports": [{"containerPort": 80}],
            "command": ["python3", "-m", "http.server", "80", "--directory", "/usr/share/misc"],
        }  # fmt: skip
        lab.api.create(path("pods", NAMESPACE), {
            "metadata": {"name": "server", "namespace": NAMESPACE, "labels": labels}, "spec": {"containers": [container]},
        })  # fmt: skip
        for number in range(USED):
            lab.api.create(path("services", NAMESPACE), {
                "metadata": {"name": f"used{number}", "namespace": NAMESPACE},
                "spec": {"selector": labels, "ports": [{"name": "http", "port": 8000, "targetPort": 80}]},
            })  # fmt: skip
        lab.api.create(path("peerauthentications", NAMESPACE, group="security"), {
            "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
            "metadata": {"name": "default", "namespace": NAMESPACE}, "spec": {"mtls": {"mode": "STRICT"}},
        })  # fmt: skip
        lab.ready_pods(NAMESPACE, 1)

    def grow(self, lab, begin, end):
        for number in range(100):
            lab.api.create(path("namespaces", ""), {"metadata": {"name": f"ns{number}"}})
        objects = []
        for number in range(begin, end):
            objects += [self.service(number), self.slice(number)]
        lab.api.create_all(objects)

    @staticmethod
    def service(number):
        namespace = f"ns{number % 100}"
        return path("services", namespace), {
            "metadata": {"name": f"service{number}", "namespace": namespace},
            "spec": {"ports": [{"name": "http", "port": 8000, "targetPort": 80}]},
        }

    @staticmethod
    def slice(number, third=0):
        namespace = f"ns{number % 100}"
        return path("endpointslices", namespace, group="discovery"), {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {
                "name": f"service{number}-x", "namespace": namespace,
                "labels": {"kubernetes.io/service-name": f"service{number}"},
            },
            "ports": [{"name": "http", "port": 80}],
            "endpoints": [
                {"addresses": [f"172.{end + third}.{number >> 8}.{number & 255}"], "conditions": {"ready": True}} for end in (16, 17)
            ],
        }  # fmt: skip

    # What is measured

    @staticmethod
    def settle(pid):
        """Waits until the control plane has nothing to do any more."""
        while True:
            before = cpu(pid)
            time.sleep(1)
            if cpu(pid) - before < 0.02:
                return

    def sidecar(self, lab, size, results):
        name = f"client-{size}"
        container = {"name": "app", "image": "busybox", "command": ["sleep", "infinity"]}
        metadata = {"name": name, "namespace": NAMESPACE, "annotations": {"proxy.istio.io/config": "concurrency: 1"}}
        lab.api.create(path("pods", NAMESPACE), {"metadata": metadata, "spec": {"containers": [container]}})
        lab.ready_pods(NAMESPACE, 2)
        pid = lab.processes("apus-proxy", name)[0]
        inside = ["nsenter", "-t", str(pid), "-n"]
        addresses = [
            lab.api.request("GET", path("services", NAMESPACE, f"used{number}"))["spec"]["clusterIP"] for number in range(USED)
        ]
        for number, address in enumerate(addresses):
            connect = ["--connect-to", f"::{address}:8000", f"http://used{number}:8000/"]
            for _ in range(20):
                done = lab.run(*inside, "curl", "-sf", "-m", "30", "-o", "/dev/null", *connect, check=False)
            if done.returncode:
                raise RuntimeError(f"{name} does not reach used{number}: curl ends with {done.returncode}")
        time.sleep(12)  # Idle connections give memory back after a while.
        resident, own = memory(pid)
        results[f"resident {size}"], results[f"own {size}"] = resident / 1024, own / 1024
        page = lab.run(*inside, "curl", "-s", "http://127.0.0.1:15000/config_dump").stdout
        results[f"resources {size}"] = len(json.loads(page)["resources"])
        lab.api.request("DELETE", path("pods", NAMESPACE, name))
        lab.wait(lambda: len(lab.pods(NAMESPACE)) == 1, f"{name} is gone")

    def changes(self, pid, change, count=20):
        self.settle(pid)
        before = cpu(pid)
        for number in range(count):
            change(number)
            time.sleep(0.05)
        self.settle(pid)
        return (cpu(pid) - before) * 1000 / count

    @staticmethod
    def policy(lab, number):
        place = path("peerauthentications", NAMESPACE, "default", "security")
        lab.api.patch(place, {"spec": {"mtls": {"mode": "STRICT" if number % 2 else "PERMISSIVE"}}})

    def endpoint(self, lab, number):
        """Of a service that nobody uses."""
        index = USED + number % (min(self.sizes) - USED)
        place, value = self.slice(index, third=number % 2 * 2)
        lab.api.patch(f"{place}/{value['metadata']['name']}", {"endpoints": value["endpoints"]})
