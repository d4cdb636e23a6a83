"""Real clients through pairs of sidecars: HTTP/2 on either side, translation, gRPC. Prints one line for each check.

usage, as root: unshare --net /usr/bin/python3 checks.py <apus-proxy>
"""
import json
import os
import re
import subprocess
import sys
import time

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

import grpc

import hostile
import origins
import pair
import wire
from pair import CLIENT, check, curl, log


def versions():
    """curl and h2load on every combination of versions."""
    for host, server, expected in [("web.test", "http", "HTTP/1.1"), ("auto.test", "auto", "HTTP/2"),
                                   ("cross.test", "cross", "HTTP/2"), ("plain.test", "plain", "HTTP/2")]:
        run = curl("-w", "%{http_version} %{http_code}", "-o", "/dev/null", host=host)
        check(f"{host} answers an HTTP/2 client", run.stdout == "2 200", run)
        wanted = f'HTTP/{expected[5:]}" 200'
        check(f"{host} is asked in {expected}", wanted in log(f"server-{server}", wanted), log(f"server-{server}"))
    run = curl("-w", "%{http_version} %{http_code}", "-o", "/dev/null", host="auto.test", version="--http1.1")
    check("an HTTP/1.1 client is served in its version", run.stdout == "1.1 200", run)
    check("an undeclared port follows the client's version", log("server-auto", 'HTTP/1.1" 200').count('HTTP/1.1" 200') == 1, log("server-auto"))
    run = curl("-X", "POST", "-H", "content-type: application/grpc", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", host="any.test")
    check("and so does an undeclared port of the application", run.stdout == "2 200", run)
    run = curl("-w", "%{http_version} %{http_code}", "-o", "/dev/null", host="cross.test", version="--http1.1")
    check("HTTP/1.1 to a port declared http2", run.stdout == "1.1 200", run)
    check("the access log names the version", '"GET / HTTP/2" 200' in log("client", '"GET / HTTP/2" 200'), log("client"))
    origins.requests.clear()
    run = curl("-w", "%{http_version} %{http_code}", "-o", "/dev/null", version="--http2")
    check("an offer to upgrade to h2c is not taken", run.stdout == "1.1 200", run)
    headers = origins.requests[-1][2]
    check("nor is it passed on", not {"upgrade", "http2-settings", "connection"} & set(headers), headers)
    for host in ("web.test", "auto.test"):
        run = pair.sh("h2load", "-n", "2000", "-c", "5", "-m", "20", "-H", f":authority: {host}:8000",
                      f"http://{CLIENT[0]}:{CLIENT[1]}/")
        check(f"h2load of {host} loses nothing", "2000 succeeded, 0 failed" in run.stdout, run.stdout)


def bodies():
    upload = f"{pair.WORK}/upload"
    with open(upload, "wb") as file:
        file.write(os.urandom(5_000_000))
    for host in ("web.test", "auto.test", "cross.test"):
        for version in ("--http1.1", "--http2-prior-knowledge"):
            run = curl("--data-binary", f"@{upload}", host=host, version=version)
            check(f"5 MB up, {host} {version}", '"received": 5000000' in run.stdout, run)
            run = curl("-T", "-", host=host, version=version, path="/put")
            run = pair.sh("sh", "-c", f"cat {upload} | curl -s -m 20 {version} -T - -H 'Host: {host}:8000' http://{CLIENT[0]}:{CLIENT[1]}/put")
            check(f"5 MB up without a length, {host} {version}", '"received": 5000000' in run.stdout, run)
            run = curl("-o", "/dev/null", "-w", "%{size_download}", path="/large", host=host, version=version)
            check(f"20 MB down, {host} {version}", run.stdout == "20000000", run)
    run = curl("--data-binary", f"@{upload}", "-o", "/dev/null", "-w", "%{http_code}", path="/early")
    check("a response before the request has ended", run.stdout == "413", run)
    run = curl("-I", "-w", "%{http_code} %{size_download}", "-o", "/dev/null")
    check("HEAD has no body", run.stdout == "200 0", run)
    run = curl("-w", "%{http_code}", path="/empty")
    check("204 has no body", run.stdout == "204", run)
    run = curl("-o", "/dev/null", "-w", "%{http_code}", path="/cut")
    check("a response that is cut off is an error", run.returncode != 0, run)
    run = curl("-o", "/dev/null", path="/cut", host="cross.test", version="--http1.1")
    check("and for an HTTP/1.1 client too", run.returncode in (18, 56), run)
    run = curl("-X", "DELETE", "-d", "x", host="dead.test", path="/x")
    check("a dead endpoint is 503", "remote connection failure" in run.stdout, run)


def translation():
    peer = wire.client(CLIENT)
    more = [("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers"), ("x-odd", "a,b\tc"), ("expect", "100-continue"),
            ("x-forwarded-client-cert", "By=forged")]
    peer.send(peer.headers(1, wire.request("/x?y=%20z", "POST", "web.test:8000", *more), end=False))
    peer.send(wire.frame(wire.DATA, 0, 1, b"body"), peer.headers(1, [("x-check", "sum")]))
    status, fields, body, _, end = peer.response(1)
    check("100 Continue comes from the proxy", (":status", "100") in fields, fields)
    seen = json.loads(body) if body else {"headers": {}}
    headers = seen["headers"]
    check("method, path and body arrive", (seen.get("method"), seen.get("path"), seen.get("received")) == ("POST", "/x?y=%20z", 4), seen)
    check(":authority is Host", headers.get("host") == "web.test:8000", headers)
    check("cookie crumbs are put together", headers.get("cookie") == "a=1; b=2", headers)
    check("trailers of the request arrive", seen.get("trailers") == {"x-check": "sum"}, seen)
    check("the body has chunks where its length is unknown", headers.get("transfer-encoding") == "chunked", headers)
    check("TE, odd values and the request id arrive", headers.get("te") == "trailers" and headers.get("x-odd") == "a,b\tc" and len(headers.get("x-request-id", "")) == 36, headers)
    check("Expect does not", "expect" not in headers, headers)
    check("the caller is named by its certificate, not by itself", "sa/client" in headers.get("x-forwarded-client-cert", "") and "forged" not in headers.get("x-forwarded-client-cert", ""), headers)
    check("the attempt count is 1", headers.get("x-envoy-attempt-count") == "1", headers)
    for host in ("web.test", "auto.test"):
        peer = wire.client(CLIENT)
        peer.send(peer.headers(1, wire.request("/chunked", host=f"{host}:8000")))
        status, fields, body, trailers, end = peer.response(1)
        names = [name for name, _ in fields]
        check(f"early hints, body and trailers come back from {host}", ((":status", "103") in fields, body, trailers) == (True, b"one two three", [("x-trailer", "yes")]), (fields, body, trailers, end))
        check(f"names are in lower case, hop-by-hop fields gone ({host})", "x-mixed" in names and not {"connection", "x-hop", "transfer-encoding"} & set(names), names)
    run = curl("--raw", "-i", path="/chunked", host="cross.test", version="--http1.1")
    check("trailers come back to an HTTP/1.1 client over HTTP/2", "0\r\nx-trailer: yes" in run.stdout.replace("\n", "\r\n").replace("\r\r", "\r"), run.stdout)


def websockets():
    for host in ("web.test", "auto.test", "cross.test"):
        peer = wire.client(CLIENT)
        settings = peer.until(lambda f: f[0] == wire.SETTINGS and not f[1] & wire.ACK)
        if host == "web.test":
            check("extended CONNECT is offered", wire.setting(8, 1) in settings[3], settings)
        fields = wire.request("/ws", "CONNECT", f"{host}:8000") + [(":protocol", "websocket")]
        fields = [f for f in fields if f[0].startswith(":")] + [("sec-websocket-version", "13")]
        peer.send(peer.headers(1, fields, end=False))
        head = peer.until(lambda f: f[0] == wire.HEADERS)
        ok = head and wire.status(head[3]) == "200"
        peer.send(wire.frame(wire.DATA, 0, 1, b"hello"))
        echo = ok and peer.until(lambda f: f[0] == wire.DATA and f[3])
        check(f"a WebSocket over HTTP/2 to {host}", echo and echo[3] == b"hello", (head, echo))
        names = [name for name, _ in head[3]] if head else []
        check("without the fields of the HTTP/1.1 handshake", not {"upgrade", "connection", "sec-websocket-accept"} & set(names), names)
        peer.send(wire.frame(wire.DATA, wire.END_STREAM, 1, b"bye"))
        check("and ends when the client says so", peer.response(1)[4] in ("end", "NO_ERROR", "CANCEL"), peer.frames[-1:])
    peer = wire.client(CLIENT)
    fields = [f for f in wire.request("/chunked", "CONNECT", "web.test:8000") if f[0].startswith(":")]
    peer.send(peer.headers(1, fields + [(":protocol", "websocket")], end=False))
    check("an application that does not switch is no success", (found := peer.response(1)[0]) == "502", found)
    run = pair.sh("sh", "-c", "(printf 'GET /ws HTTP/1.1\\r\\nHost: cross.test:8000\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n"
                  f"Sec-WebSocket-Key: x\\r\\n\\r\\n'; sleep 0.4; printf tunnelled; sleep 0.4) | timeout 5 curl -s -m 3 telnet://{CLIENT[0]}:{CLIENT[1]}")
    check("a WebSocket over HTTP/1.1, through HTTP/2", run.stdout.startswith("HTTP/1.1 101 ") and "sec-websocket-accept: x" in run.stdout and run.stdout.endswith("tunnelled"), run)


def calls():
    channel = grpc.insecure_channel(f"{CLIENT[0]}:{CLIENT[1]}", options=[
        ("grpc.default_authority", "grpc.test:8000"), ("grpc.max_receive_message_length", -1)])
    unary = channel.unary_unary("/t/Unary")
    response, call = unary.with_call(b"hello", metadata=(("x-sent", "value"),), timeout=10)
    trailing = {key: value for key, value in call.trailing_metadata()}
    check("a unary call, with metadata both ways", (response, trailing.get("x-trailing"), trailing.get("x-binary-bin")) == (b"hello", "value", b"\x00\xff"), trailing)
    large = os.urandom(3_000_000)
    check("a message of 3 MB", unary(large, timeout=20) == large)
    check("1000 messages down", len(list(channel.unary_stream("/t/Down")(b"1000", timeout=20))) == 1000)
    check("1000 messages up", channel.stream_unary("/t/Up")((b"abc" for _ in range(1000)), timeout=20) == b"3000")
    turns = []

    def say():
        yield b"first"
        for _ in range(50):  # Each message waits for the answer to the one before.
            while not turns:
                time.sleep(0.001)
            yield turns.pop()

    both = channel.stream_stream("/t/Both")(say(), timeout=20)
    count = 0
    for message in both:
        count += 1
        turns.append(message)
    check("51 turns of a conversation", count == 51, count)
    futures = [unary.future(b"%d" % index, timeout=20) for index in range(300)]
    check("300 calls at once", [future.result() for future in futures] == [b"%d" % index for index in range(300)])

    def error(method, **options):
        try:
            channel.unary_unary(method)(b"", **options)
        except grpc.RpcError as failure:
            return failure.code().name, failure.details()

    check("a failure keeps its code and message", error("/t/Fails", timeout=5) == ("FAILED_PRECONDITION", "nö: 100%"), error("/t/Fails", timeout=5))
    # Whoever's clock says so first, the client's or a proxy's.
    found = error("/t/Slow", timeout=0.5)
    check("a deadline", found[0] == "DEADLINE_EXCEEDED", found)
    for _ in range(100):
        if origins.Calls.ended:
            break
        time.sleep(0.05)
    deadline, cancelled = origins.Calls.ended or (9, False)
    check("the server knows the deadline, and that the client gave up", deadline and deadline <= 0.6 and cancelled, origins.Calls.ended)
    for authority, code, text in [("dead.test:8000", "UNAVAILABLE", "remote connection failure"), ("nowhere.test:8000", "UNAVAILABLE", "")]:
        refused = grpc.insecure_channel(f"{CLIENT[0]}:{CLIENT[1]}", options=[("grpc.default_authority", authority)])
        try:
            refused.unary_unary("/t/Unary")(b"", timeout=5)
            found = None
        except grpc.RpcError as failure:
            found = failure.code().name, failure.details()
        check(f"the proxy answers gRPC with gRPC: {authority} is {code}", found and found[0] == code and text in found[1], found)
    wanted = '"POST /t/Unary HTTP/2" 200 [A-Z,]*UF'
    found = re.search(wanted, log("client", wanted))
    check("a local reply is 200 in the log, as gRPC demands", found, log("client")[-500:])


def upstream_events():
    """What the endpoint does on the connection that exchanges share."""
    scripted = origins.Scripted(pair.SCRIPTED)

    def answer(peer, count=100):
        while count > 0 and (found := peer.until(lambda f: f[0] == wire.HEADERS)):
            peer.send(peer.headers(found[2], [(":status", "200"), ("x-by", "script")]))
            count -= 1

    def go_away(peer):
        peer.until(lambda f: f[0] == wire.HEADERS)
        peer.send(wire.frame(wire.GOAWAY, 0, 0, bytes(8)))
        peer.next(1)

    def reset(code):
        def script(peer):
            found = peer.until(lambda f: f[0] == wire.HEADERS)
            peer.send(wire.frame(wire.RST_STREAM, 0, found[2], code.to_bytes(4, "big")))
            answer(peer)
        return script

    def half(peer):
        found = peer.until(lambda f: f[0] == wire.HEADERS)
        peer.send(peer.headers(found[2], [(":status", "200")], end=False), wire.frame(wire.DATA, 0, found[2], b"half"))
        peer.send(wire.frame(wire.RST_STREAM, 0, found[2], (2).to_bytes(4, "big")))
        peer.next(1)

    def status_of(*arguments, version="--http2-prior-knowledge"):
        run = curl("-w", "%{http_code}", "-o", "/dev/null", *arguments, host="scripted.test", version=version)
        return run.stdout, run.returncode

    scripted.restart(go_away, answer)
    check("a request beyond GOAWAY goes to another connection", status_of("-d", "x") == ("200", 0), log("server-scripted"))
    scripted.restart(reset(7))
    check("a refused stream is tried again", status_of("-d", "x") == ("200", 0), log("server-scripted"))
    scripted.restart(reset(2))
    check("a stream that is reset is not", status_of("-d", "x")[0] == "503", log("server-scripted"))
    scripted.restart(half)
    check("a reset within a response reaches an HTTP/2 client", status_of()[1] == 92, log("client")[-300:])
    scripted.restart(half)
    check("and cuts off that of an HTTP/1.1 client", status_of(version="--http1.1")[1] in (18, 56), log("client")[-300:])


def main():
    origins.start_application(pair.APPLICATION)
    server = origins.start_grpc(pair.GRPC)
    client = pair.start_pairs()
    try:
        for part in (versions, bodies, translation, websockets, calls, upstream_events):
            part()
        hostile.run(client)
    finally:
        server.stop(0)
        pair.stop()
    print(f"{pair.failures} checks failed")
    os._exit(pair.failures > 0)


main()
