"""gRPC-Web, proxies before the gateway, and affinity: a real gRPC server, and clients that speak HTTP by hand.

Usage: edge.py APUS-PROXY, in a network namespace of its own. Prints one line for each check; the exit status is 0 when all
of them hold.
"""
import base64
import concurrent.futures
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import grpc

proxy, here = os.path.abspath(sys.argv[1]), os.path.dirname(os.path.abspath(__file__))
work = tempfile.mkdtemp(prefix="apus-edge-")
processes = []
failures = 0


def check(what, holds, found=""):
    global failures
    print(f"ok: {what}" if holds else f"NOT OK: {what}: {str(found)[:400]}", flush=True)
    failures += 0 if holds else 1


def until(what, condition):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"NOT OK: waited in vain for: {what}")
        time.sleep(0.02)


def said(file, words):
    return lambda: words in open(file).read()


# The gRPC server: messages are octets as they are.
proceed, held, released = threading.Event(), threading.Event(), threading.Event()


def unary(request, context):
    context.set_trailing_metadata((("x-told", dict(context.invocation_metadata()).get("x-ask", "")),))
    return request * 2


def down(request, context):
    yield b"first"
    proceed.wait(60)
    yield b"second"
    context.set_details("so it is")
    context.set_code(grpc.StatusCode.FAILED_PRECONDITION)


def hold(request, context):
    held.set()
    released.wait(60)
    return request


class Calls(grpc.GenericRpcHandler):
    def service(self, details):
        return {
            "/t/Unary": grpc.unary_unary_rpc_method_handler(unary),
            "/t/Down": grpc.unary_stream_rpc_method_handler(down),
            "/t/Hold": grpc.unary_unary_rpc_method_handler(hold),
        }.get(details.method)


def frame(message, flag=0):
    return bytes([flag]) + len(message).to_bytes(4, "big") + message


def frames(octets):
    while octets:
        size = int.from_bytes(octets[1:5], "big")
        yield octets[0], octets[5:5 + size]
        octets = octets[5 + size:]


def trailers(message):
    return dict(line.split(":", 1) for line in message.decode().split("\r\n") if line)


def call(port, method, body, kind="application/grpc-web+proto", chunked=False, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"content-type": kind, "x-grpc-web": "1"} | {key.replace("_", "-"): headers[key] for key in headers}
    connection.request("POST", f"/t/{method}", iter(body) if chunked else body, headers, encode_chunked=chunked)
    return connection.getresponse()


def configuration(trusted=0, forwarding="SANITIZE_SET", introduced=False):
    def destination(name, port, protocol="http", **more):
        return {"name": name, "endpoints": [f"127.0.0.1:{port}"], "protocol": protocol} | more
    shared = {"endpoints": [f"127.0.0.1:{port}" for port in (8001, 8002, 8003)]}
    routes = {"/t/Absent": "absent", "/t/Hold": "full", "/t/": "grpc"} | {
        f"/{name}": name for name in ("plain", "header", "cookie", "parameter", "source")}
    return {
        "accessLogFile": f"{work}/access.log", "trustedProxies": trusted, "proxyProtocol": introduced, "clientCertificateForwarding": forwarding,
        "gateway": [
            {"listen": "127.0.0.1:8080", "chains": [{"routes": "http", "grpcWeb": True}]},
            {"listen": "127.0.0.1:8090", "chains": [{"routes": "http"}]},
        ],
        "routeTables": [{"name": "http", "port": 80, "serverHosts": ["*"], "virtualHosts": [{
            "domains": ["*"],
            "routes": [{"prefix": prefix, "destination": name} for prefix, name in routes.items()]}]}],
        "destinations": [
            destination("grpc", 50051, "http2"), destination("plain", 8001), destination("absent", 9, "http2"),
            destination("full", 50051, "http2", maxRequests=1),
            {"name": "header", "affinity": {"header": "x-user"}} | shared,
            {"name": "parameter", "affinity": {"parameter": "user", "tableSize": 251}} | shared,
            {"name": "source", "affinity": {"sourceAddress": True}} | shared,
            {"name": "cookie", "affinity": {"cookie": "stick", "path": "/", "lifetimeSeconds": 60}} | shared,
        ],
    }


def configure(**options):
    with open(f"{work}/gateway.json.new", "w") as file:
        json.dump(configuration(**options), file)
    os.rename(f"{work}/gateway.json.new", f"{work}/gateway.json")


def reload(gateway, **options):
    before = open(f"{work}/gateway.err").read().count("read again")
    configure(**options)
    gateway.send_signal(signal.SIGHUP)
    until("reload", lambda: open(f"{work}/gateway.err").read().count("read again") > before)


def client(**headers):
    return get("/plain", **headers)[1]["headers"]["x-envoy-external-address"]


def start(command, name):
    process = subprocess.Popen(command, stdout=open(f"{work}/{name}.out", "w"), stderr=open(f"{work}/{name}.err", "w"))
    processes.append(process)
    return process


def get(path, port=8090, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={key.replace("_", "-"): headers[key] for key in headers})
    response = connection.getresponse()
    body = response.read()
    told = json.loads(body) if body.startswith(b"{") else {}
    return response, told


def grpc_web():
    for kind in ("application/grpc-web", "application/grpc-web+proto", "application/grpc-web; charset=x"):
        response = call(8080, "Unary", frame(b"ab"), kind, x_ask="why")
        found = list(frames(response.read()))
        check(f"{kind}: the answer comes back", found[0] == (0, b"abab"), found)
        told = trailers(found[1][1])
        check(f"{kind}: the trailers are the last message", len(found) == 2 and found[1][0] == 0x80
              and told["grpc-status"] == "0" and told["x-told"] == "why", found)
        check(f"{kind}: and the type is gRPC-Web's", response.getheader("content-type") == "application/grpc-web+proto",
              response.getheaders())
    text = base64.b64encode(frame(b"abc"))
    response = call(8080, "Unary", text, "application/grpc-web-text")
    body = response.read()
    found = list(frames(b"".join(base64.b64decode(body[at:at + 4]) for at in range(0, len(body), 4))))
    check("the text form, both ways", found[0] == (0, b"abcabc") and trailers(found[1][1])["grpc-status"] == "0", body)
    check("its type", response.getheader("content-type") == "application/grpc-web-text+proto", response.getheaders())
    response = call(8080, "Unary", text, "application/grpc-web-text", accept="application/grpc-web+proto")
    check("the client may accept octets in answer to text", list(frames(response.read()))[0] == (0, b"abcabc"))
    parts = [text[at:at + 3] for at in range(0, len(text), 3)]
    response = call(8080, "Unary", parts, "application/grpc-web-text", chunked=True, accept="application/grpc-web+proto")
    check("text in odd pieces", list(frames(response.read()))[0] == (0, b"abcabc"))
    large = os.urandom(2_000_000)
    response = call(8080, "Unary", base64.b64encode(frame(large)), "application/grpc-web-text",
                    accept="application/grpc-web")
    check("2 MB of text", list(frames(response.read()))[0] == (0, large * 2))
    for name, body in (("no base64", b"%%%%"), ("text cut short", text[:-2])):
        response = call(8080, "Unary", body, "application/grpc-web-text")
        response.read()
        check(f"{name} is refused", response.getheader("grpc-status") not in (None, "0"), response.getheaders())

    response = call(8080, "Down", frame(b""))
    first = response.read(len(frame(b"first")))
    check("a stream's message comes before the next is sent", first == frame(b"first"), first)
    proceed.set()
    found = list(frames(response.read()))
    told = trailers(found[-1][1])
    check("and its failure at the end", found[0] == (0, b"second") and told["grpc-status"] == "9"
          and told["grpc-message"] == "so it is", found)
    response = call(8080, "Nothing", frame(b""))
    check("an answer of trailers alone has them in the head", response.getheader("grpc-status") == "12"
          and response.read() == b"", response.getheaders())
    response = call(8080, "Absent", frame(b""))
    check("the proxy's own failures are told as gRPC's", response.status == 200 and
          response.getheader("grpc-status") == "14" and
          response.getheader("content-type") == "application/grpc-web+proto", response.getheaders())
    response = call(8090, "Unary", frame(b"ab"))
    check("a listener that is not for gRPC-Web leaves it as it is", b"\x80" not in response.read(), response.status)
    channel = grpc.insecure_channel("127.0.0.1:8080")
    check("gRPC goes through as it is", channel.unary_unary("/t/Unary")(b"x", timeout=60) == b"xx")
    channel.close()


def topology(gateway):
    _, told = get("/plain", x_forwarded_for="192.0.2.1, 192.0.2.2", x_forwarded_proto="https")
    told = told["headers"]
    check("nobody is believed by default", told["x-envoy-external-address"] == "127.0.0.1"
          and told["x-forwarded-proto"] == "http", told)
    reload(gateway, trusted=2, forwarding="ALWAYS_FORWARD_ONLY")
    until("two trusted proxies", lambda: client(x_forwarded_for="192.0.2.1,192.0.2.2") == "192.0.2.1")
    _, told = get("/plain", x_forwarded_for="192.0.2.1, 192.0.2.2", x_forwarded_proto="https",
                  x_forwarded_client_cert="Hash=before")
    told = told["headers"]
    check("two proxies are believed: the second from the end is the client", told["x-envoy-external-address"] ==
          "192.0.2.1" and told["x-forwarded-for"] == "192.0.2.1, 192.0.2.2,127.0.0.1", told)
    check("and the scheme is theirs", told["x-forwarded-proto"] == "https", told)
    check("ALWAYS_FORWARD_ONLY keeps the certificate's header", told.get("x-forwarded-client-cert") == "Hash=before",
          told)
    _, told = get("/plain", x_forwarded_for="192.0.2.2")
    check("a shorter list is no proof", told["headers"]["x-envoy-external-address"] == "127.0.0.1", told)
    until("the log", said(f"{work}/access.log", "192.0.2.1:0"))
    check("the access log has the client", True)
    reload(gateway, trusted=1, forwarding="FORWARD_ONLY")
    until("one trusted proxy", lambda: client(x_forwarded_for="192.0.2.7") == "192.0.2.7")
    _, told = get("/plain", x_forwarded_client_cert="Hash=before", x_forwarded_for="192.0.2.7")
    check("FORWARD_ONLY keeps nothing without a client certificate",
          "x-forwarded-client-cert" not in told["headers"], told)


def introductions(gateway):
    """What HAProxy and curl say of a client before its bytes."""
    def said_by(octets):
        with socket.create_connection(("127.0.0.1", 8080), timeout=60) as connection:
            try:
                connection.sendall(octets + b"GET /plain HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
            except ConnectionError:
                return "reset"
    def version_2(command, family, body, more=b""):
        return b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x20 | command, family]) + len(body + more).to_bytes(2, "big") + body + more
    reload(gateway, introduced=True)
    curl = ["curl", "-s", "-m", "60", "--haproxy-protocol", "http://127.0.0.1:8080/plain"]
    until("the PROXY protocol is expected", lambda: said_by(b"") == "reset")
    told = subprocess.run(curl, capture_output=True, text=True).stdout
    check("curl introduces itself", '"x-forwarded-for": "127.0.0.1"' in told, told)
    told = said_by(b"PROXY TCP4 192.0.2.9 198.51.100.1 5555 80\r\n")
    check("version 1", '"x-forwarded-for": "192.0.2.9"' in told, told)
    told = said_by(b"PROXY UNKNOWN\r\n")
    check("version 1 that knows nothing", '"x-forwarded-for": "127.0.0.1"' in told, told)
    addresses = socket.inet_aton("192.0.2.8") + socket.inet_aton("198.51.100.1") + b"\x15\xb3\0\x50"
    told = said_by(version_2(1, 0x11, addresses, b"\x04\0\x02ab"))
    check("version 2, with more than addresses", '"x-forwarded-for": "192.0.2.8"' in told, told)
    addresses = socket.inet_pton(socket.AF_INET6, "2001:db8::9") + socket.inet_pton(socket.AF_INET6, "::1") + b"\0\1\0\2"
    told = said_by(version_2(1, 0x21, addresses))
    check("version 2, IPv6", '"x-forwarded-for": "2001:db8::9"' in told, told)
    told = said_by(version_2(0, 0, b""))
    check("version 2 of a proxy's own", '"x-forwarded-for": "127.0.0.1"' in told, told)
    for what, octets in (("no introduction", b""), ("a wrong one", b"PROXY TCP4 192.0.2.9 80\r\n"),
                         ("one that ends too soon", version_2(1, 0x11, b"abc")), ("a long one", version_2(1, 0, bytes(9999)))):
        check(f"{what} is refused", said_by(octets) == "reset")
    until("the log", said(f"{work}/access.log", "192.0.2.9:5555"))


def affinity():
    def names(requests):
        return {told["name"] for _, told in requests}
    for what, ask in (("header", lambda user: get("/header", x_user=str(user))),
                      ("query parameter", lambda user: get(f"/parameter?x=1&user={user}")),
                      ("source", lambda user: get("/source", x_forwarded_for=f"192.0.2.{user}"))):
        check(f"the same {what} gets the same endpoint", all(len(names(ask(user) for _ in range(4))) == 1
                                                              for user in range(5)))
        check(f"another {what} may get another", len(names(ask(user) for user in range(60))) == 3)
    response, first = get("/cookie")
    cookie = response.getheader("set-cookie") or ""
    check("a client without the cookie gets one", cookie.startswith('stick="') and "Max-Age=60; Path=/; HttpOnly"
          in cookie, cookie)
    answers = [get("/cookie", cookie=f"other=1; {cookie.split(';')[0]}") for _ in range(8)]
    check("and comes back to its endpoint", names(answers) == {first["name"]})
    check("which is told once", all(response.getheader("set-cookie") is None for response, _ in answers))
    check("without a header any endpoint will do", len(names(get("/header") for _ in range(60))) == 3)

    first = threading.Thread(target=lambda: call(8080, "Hold", frame(b"")).read())
    first.start()
    until("the held call", held.is_set)
    response = call(8080, "Hold", frame(b""))
    check("one request more than http2MaxRequests is refused", response.getheader("grpc-status") == "14",
          response.getheaders())
    released.set()
    first.join()
    check("and served afterwards", call(8080, "Hold", frame(b"x")).read().startswith(frame(b"x")))


def run():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), handlers=[Calls()],
                         options=[("grpc.max_receive_message_length", -1)])
    server.add_insecure_port("127.0.0.1:50051")
    server.start()
    for name, port in (("one", 8001), ("two", 8002), ("three", 8003)):
        start([sys.executable, f"{here}/echo.py", f"127.0.0.1:{port}", name, f"{work}/{name}"], name)
        until(name, said(f"{work}/{name}.out", "ready"))
    configure()
    gateway = start([proxy, "static", "--concurrency", "1", "--config", f"{work}/gateway.json"], "gateway")
    until("the gateway", said(f"{work}/gateway.err", "serving"))
    until("its listeners", lambda: subprocess.run(["curl", "-s", "http://127.0.0.1:8090/plain"],
                                                  capture_output=True).returncode == 0)
    grpc_web()
    topology(gateway)
    affinity()
    introductions(gateway)
    server.stop(None)


try:
    run()
finally:
    for process in processes:
        process.kill()
        process.wait()
    if failures:
        print(open(f"{work}/gateway.err").read()[-2000:])
    subprocess.run(["rm", "-rf", work])
print(f"{failures} checks failed")
sys.exit(failures > 0)
