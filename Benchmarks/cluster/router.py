"""A gateway of the mesh as a process of this machine: the real agent, told by the real control plane what to serve."""
import os
import subprocess

from lab import path

NAMESPACE = "edge"
LABELS = {"app": "edge"}


def object(kind, name, spec, group="networking"):
    return {
        "apiVersion": f"{group}.istio.io/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }


def gateway(name, servers):
    return path("gateways", NAMESPACE, group="networking"), object("Gateway", name, {"selector": LABELS, "servers": servers})


def virtual_service(name, hosts, gateways, route):
    spec = {"hosts": hosts, "gateways": gateways, "http": [route]}
    return path("virtualservices", NAMESPACE, group="networking"), object("VirtualService", name, spec)


def secret(name, certificate, key):
    data = {"tls.crt": open(certificate).read(), "tls.key": open(key).read()}
    return path("secrets", NAMESPACE), {"metadata": {"name": name}, "type": "kubernetes.io/tls", "stringData": data}


class Router:
    """The pod is known to the cluster, and said to run on another node, so that the lab's starts nothing for it."""

    def __init__(self, lab, program, name="edge-1"):
        self.lab, self.program, self.name = lab, program, name
        self.directory = f"{lab.home}-{name}"
        os.makedirs(self.directory, exist_ok=True)

    def prepare(self):
        api = self.lab.api
        self.lab.namespace(NAMESPACE, {})
        api.create(path("pods", NAMESPACE), {
            "metadata": {"name": self.name, "labels": LABELS},
            "spec": {
                "nodeName": "elsewhere", "serviceAccountName": "default",
                "containers": [{"name": "istio-proxy", "image": "apus/proxy"}],
            },
        })  # fmt: skip
        address = {"podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}], "phase": "Running"}
        api.patch(f"{path('pods', NAMESPACE, self.name)}/status", {"status": address})
        rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "watch", "list"]}]
        api.create(path("roles", NAMESPACE, group="rbac"), {"metadata": {"name": "edge"}, "rules": rules})
        api.create(path("rolebindings", NAMESPACE, group="rbac"), {
            "metadata": {"name": "edge"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "edge"},
            "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": NAMESPACE}],
        })  # fmt: skip
        self.write_files()

    def write_files(self):
        """What the kubelet would mount, and the name of the control plane."""
        api = self.lab.api
        roots = path("configmaps", NAMESPACE, "istio-ca-root-cert")
        self.lab.wait(lambda: "data" in api.request("GET", roots, allowed=(404,)), "the namespace has the mesh's root")
        token = api.request("POST", f"{path('serviceaccounts', NAMESPACE, 'default')}/token", {
            "apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": ["istio-ca"]},
        })["status"]["token"]  # fmt: skip
        for name, text in ("root.pem", api.request("GET", roots)["data"]["root-cert.pem"]), ("token", token):
            with open(f"{self.directory}/{name}", "w") as file:
                file.write(text)
        plane = api.request("GET", path("services", "istio-system", "istiod"))["spec"]["clusterIP"]
        with open(f"{self.directory}/hosts", "w") as file:
            file.write(f"127.0.0.1 localhost web.bench\n{plane} istiod.istio-system.svc\n")
        # Of this mount namespace only.
        subprocess.run(["mount", "--bind", f"{self.directory}/hosts", "/etc/hosts"], check=True)

    @property
    def command(self):
        variables = {
            "POD_NAME": self.name, "POD_NAMESPACE": NAMESPACE, "INSTANCE_IP": "127.0.0.1", "SERVICE_ACCOUNT": "default",
            "CA_ADDR": "istiod.istio-system.svc:15012", "CA_ROOT_CA": f"{self.directory}/root.pem",
            "JWT_PATH": f"{self.directory}/token",
        }  # fmt: skip
        pairs = [f"{name}={value}" for name, value in variables.items()]
        return ["env", *pairs, self.program, "proxy", "router", "--concurrency", "1"]
