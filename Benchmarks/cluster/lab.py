"""A cluster with a mesh for measurements: apus-lab, apusd and proxies, in namespaces of their own."""
import base64
import concurrent.futures
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import threading
import time

PATCH = "application/merge-patch+json"
INJECTED = {"istio-injection": "enabled"}
GROUPS = {
    "": "/api/v1",
    "apps": "/apis/apps/v1",
    "discovery": "/apis/discovery.k8s.io/v1",
    "networking": "/apis/networking.istio.io/v1",
    "security": "/apis/security.istio.io/v1",
    "rbac": "/apis/rbac.authorization.k8s.io/v1",
}


def path(kind, namespace, name="", group=""):
    """The path of a kind's objects, or of one of them."""
    place = f"/namespaces/{namespace}" if namespace else ""
    return f"{GROUPS[group]}{place}/{kind}" + (f"/{name}" if name else "")


class API:
    """Kept connections to the API server: kubectl takes longer to start than a policy to spread."""

    def __init__(self, kubeconfig):
        text = open(kubeconfig).read()
        with tempfile.TemporaryDirectory() as directory:
            for field in ("certificate-authority", "client-certificate", "client-key"):
                data = re.search(field + r'-data: *"?([A-Za-z0-9+/=]+)', text).group(1)
                with open(f"{directory}/{field}", "wb") as file:
                    file.write(base64.b64decode(data))
            self.context = ssl.create_default_context(cafile=f"{directory}/certificate-authority")
            self.context.load_cert_chain(f"{directory}/client-certificate", f"{directory}/client-key")
        self.host, self.port = re.search(r'server: *"?https://([^:"]+):(\d+)', text).groups()
        self.local = threading.local()

    def request(self, method, path, body=None, content_type="application/json", allowed=()):
        """What the server answers; any failure ends the program, but for statuses in `allowed`."""
        text = None if body is None else json.dumps(body)
        try:
            response = self.response(method, path, text, content_type)
        except (http.client.RemoteDisconnected, OSError):
            # The server has closed a connection that was idle for long.
            self.local.connection.close()
            response = self.response(method, path, text, content_type)
        answer = response.read()
        if response.status >= 400 and response.status not in allowed:
            raise RuntimeError(f"{method} {path}: {response.status} {answer.decode()[:500]}")
        return json.loads(answer) if answer else {}

    def response(self, method, path, text, content_type):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPSConnection(self.host, int(self.port), context=self.context, timeout=120)
        self.local.connection.request(method, path, text, {"Content-Type": content_type})
        return self.local.connection.getresponse()

    def create(self, place, value):
        return self.request("POST", place, value, allowed=(409,))

    def create_all(self, objects):
        """Creates objects, given as pairs of a path and the object, some at a time."""
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for _ in pool.map(lambda pair: self.create(*pair), objects):
                pass

    def patch(self, path, value):
        return self.request("PATCH", path, value, PATCH)


class Lab:
    """A cluster that ends with this object's `stop`, and with this program."""

    def __init__(self, programs, work):
        self.programs, self.home = os.path.abspath(programs), os.path.abspath(f"{work}/lab")
        self.process = self.api = None
        # Nothing of the user's is to be found or changed.
        self.environment = {
            **os.environ,
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "APUS_LAB_HOME": self.home,
            "KUBECONFIG": f"{self.home}/kubeconfig",
        }

    def start(self, profile):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
        for directory in ("/run/netns", "/run/lock"):
            os.makedirs(directory, exist_ok=True)
        self.run("apus-lab", "down", check=False)
        os.makedirs(self.home, exist_ok=True)
        with open(f"{self.home}.log", "w") as log:
            self.process = subprocess.Popen(
                ["apus-lab", "run"], env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.wait(lambda: self.run("apus-lab", "status", check=False).returncode == 0, "the lab runs")
        self.api = API(f"{self.home}/kubeconfig")
        self.run(f"{self.programs}/istioctl", "install", "-y", "--set", f"profile={profile}")

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None
        self.run("apus-lab", "down", check=False)

    def run(self, *command, check=True, **options):
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, **options)
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done

    @staticmethod
    def wait(condition, what, patience=600):
        end = time.monotonic() + patience
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError(f"it did not come about that {what}")
            time.sleep(0.05)

    # What there is

    def pods(self, namespace):
        return self.api.request("GET", path("pods", namespace))["items"]

    def ready_pods(self, namespace, count):
        """The pods of a namespace, once there are `count` and all are ready."""

        def ready():
            found = [p for p in self.pods(namespace) if not p["metadata"].get("deletionTimestamp")]
            conditions = [c for p in found for c in p.get("status", {}).get("conditions", []) if c["type"] == "Ready"]
            return found if len(found) == count == sum(c["status"] == "True" for c in conditions) else None

        self.wait(ready, f"{count} pods of namespace {namespace} are ready")
        return ready()

    def namespace(self, name, labels):
        """Makes a namespace, in which pods can be made at once."""
        self.api.create(path("namespaces", ""), {"metadata": {"name": name, "labels": labels}})
        account = path("serviceaccounts", name, "default")
        self.wait(lambda: self.api.request("GET", account, allowed=(404,))["kind"] == "ServiceAccount", f"{name} has an account")

    @staticmethod
    def processes(program, pod=None):
        """Ids of the processes of a program, of all pods or of one."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                arguments = open(f"/proc/{pid}/cmdline").read().split("\0")
                environment = open(f"/proc/{pid}/environ").read().split("\0")
            except OSError:
                continue
            if os.path.basename(arguments[0]) == program and (pod is None or f"POD_NAME={pod}" in environment):
                found.append(int(pid))
        return found


def memory(pid):
    """KiB that are resident, and of these the process's own; not the pages of files, which all sidecars share."""
    text = open(f"/proc/{pid}/status").read()
    return tuple(int(re.search(rf"{field}:\s+(\d+)", text).group(1)) for field in ("VmRSS", "RssAnon"))


def cpu(pid):
    """Seconds of CPU that a process has used."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def enter_own_machine():
    """Goes on in network, mount and process namespaces of its own; whatever it starts ends with it."""
    if os.environ.get("APUS_BENCH_MACHINE"):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    if os.geteuid() != 0:
        return
    os.environ["APUS_BENCH_MACHINE"] = "own"
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    os.execvp(command[0], [*command, sys.executable, *sys.argv])
