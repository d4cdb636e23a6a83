"""Clients that break the rules, or wear the proxy out."""
import struct
import time

import origins
import pair
import wire
from pair import CLIENT, check
from wire import (CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PRIORITY, RST_STREAM, SETTINGS,
                  WINDOW_UPDATE, frame, request, setting)


def floods(client):
    """Each is answered by the end of the connection, with the right code, and little memory."""
    def rapid_reset(peer, n):
        return peer.headers(n, request()) + frame(RST_STREAM, 0, n, bytes([0, 0, 0, 8]))

    def made_you_reset(peer, n):
        return peer.headers(n, request()) + frame(WINDOW_UPDATE, 0, n, b"\x7f\xff\xff\xff")

    cases = {
        "rapid reset": rapid_reset,
        "streams made to be reset": made_you_reset,
        "SETTINGS": lambda peer, n: frame(SETTINGS, 0, 0, setting(4, 65535)),
        "PING": lambda peer, n: frame(PING, 0, 0, bytes(8)),
        "PRIORITY": lambda peer, n: frame(PRIORITY, 0, n, struct.pack(">IB", 0, 1)),
        "WINDOW_UPDATE": lambda peer, n: frame(WINDOW_UPDATE, 0, 0, bytes([0, 0, 0, 1])),
    }
    for name, make in cases.items():
        before = pair.resident(client)
        peer = wire.client(CLIENT)
        for start in range(1, 20_000, 100):
            if not peer.send(*[make(peer, n) for n in range(start, start + 100, 2)]):
                break
        found = peer.goaway()
        check(f"a flood of {name} ends the connection", found == "ENHANCE_YOUR_CALM", found)
        check(f"and little memory is used ({name})", pair.resident(client) - before < 20_000)
        peer.close()
    peer = wire.client(CLIENT)
    peer.send(peer.headers(1, request(method="POST"), end=False))
    for _ in range(200):
        if not peer.send(*[frame(DATA, 0, 1)] * 50):
            break
    check("a flood of DATA without data ends the connection", (found := peer.goaway()) == "ENHANCE_YOUR_CALM", found)
    peer = wire.client(CLIENT)
    block = peer.encoder.encode(request())
    peer.send(frame(HEADERS, END_STREAM, 1, block))
    for _ in range(2000):
        if not peer.send(*[frame(CONTINUATION, 0, 1, b"\x00\x01a\x01b" * 10)] * 10):
            break
    check("a flood of CONTINUATION ends the connection", (found := peer.goaway()) in ("ENHANCE_YOUR_CALM", "PROTOCOL_ERROR", "INTERNAL_ERROR"), found)


def bombs(client):
    before = pair.resident(client)
    peer = wire.client(CLIENT)
    block = peer.encoder.encode(request() + [("x-bomb", "b" * 4000)])
    for n in range(1, 200, 2):
        # An indexed field is one octet, and 4 kB when it is unpacked.
        if not peer.send(frame(HEADERS, END_STREAM | END_HEADERS, n, block if n == 1 else b"\xbe" * 16000)):
            break
    found = peer.goaway()
    check("an HPACK bomb ends the connection", found == "ENHANCE_YOUR_CALM", found)
    check("and little memory is used (HPACK bomb)", pair.resident(client) - before < 20_000, pair.resident(client) - before)
    peer = wire.client(CLIENT)
    peer.send(peer.headers(1, request() + [(f"x-{index}", "y" * 900) for index in range(14)]))
    check("a large head is served", peer.response(1)[0] == "200")
    fields = request() + [(f"x-{index}", "y") for index in range(120)]
    peer.send(peer.headers(3, fields))
    check("too many fields are 431", (found := peer.response(3)[0]) == "431", found)
    peer.send(peer.headers(5, request()))
    check("and the connection lives on", peer.response(5)[0] == "200")


def broken():
    cases = {
        "no preface": (b"GARBAGE\r\n\r\n", ("closed", "HTTP/1.1 400")),
        "a frame that is too large": (wire.PREFACE + frame(SETTINGS) + frame(DATA, 0, 1, bytes(20_000)), ("FRAME_SIZE_ERROR",)),
        "DATA on stream 0": (wire.PREFACE + frame(SETTINGS) + frame(DATA, 0, 0, b"x"), ("PROTOCOL_ERROR",)),
        "no SETTINGS first": (wire.PREFACE + frame(PING, 0, 0, bytes(8)), ("PROTOCOL_ERROR",)),
        "an even stream": (wire.PREFACE + frame(SETTINGS) + frame(HEADERS, 5, 2, b"\x82\x86\x84\x41\x01a"), ("PROTOCOL_ERROR",)),
        "garbage for HPACK": (wire.PREFACE + frame(SETTINGS) + frame(HEADERS, 5, 1, b"\xff\xff\xff\xff\xff\xff"), ("COMPRESSION_ERROR",)),
        "a window beyond its end": (wire.PREFACE + frame(SETTINGS) + frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"), ("FLOW_CONTROL_ERROR",)),
        "PING of 7 octets": (wire.PREFACE + frame(SETTINGS) + frame(PING, 0, 0, bytes(7)), ("FRAME_SIZE_ERROR",)),
    }
    for name, (octets, expected) in cases.items():
        peer = wire.client(CLIENT, preface=b"")
        peer.socket.close()
        peer = wire.Peer(__import__("socket").create_connection(CLIENT, 5))
        peer.send(octets)
        if name == "no preface":
            found = peer.socket.recv(12).decode()
        else:
            found = peer.goaway()
        check(f"{name} ends the connection with {expected[0]}", found in expected, found)
        peer.close()
    peer = wire.client(CLIENT)
    peer.send(frame(HEADERS, 5, 1, peer.encoder.encode(request()))[:20])
    peer.close()  # A frame that is cut off.


def malformed():
    """None of these requests may reach the application; the connection lives on."""
    def with_fields(*more):
        return request("/evil") + list(more)

    cases = {
        "connection": with_fields(("connection", "keep-alive")),
        "transfer-encoding": with_fields(("transfer-encoding", "chunked")),
        "upgrade": with_fields(("upgrade", "websocket")),
        "te other than trailers": with_fields(("te", "gzip")),
        "a name in upper case": with_fields(("X-Upper", "x")),
        "a colon in a name": with_fields(("a:b", "x")),
        "a line end in a value": with_fields(("x", "a\r\nevil: yes")),
        "a line end in a name": with_fields(("x\r\nevil", "yes")),
        "NUL in a value": with_fields(("x", "a\0b")),
        "a space in the path": request("/evil HTTP/1.1\r\nx: y"),
        "a fragment in the path": request("/evil#x"),
        "a path without a slash": request("evil"),
        "an empty path": request(""),
        "an absolute path": request("http://other/evil"),
        "no path": [field for field in request("/evil") if field[0] != ":path"],
        "two paths": [(":path", "/evil"), *request("/evil")],
        "a pseudo-field after others": [*request("/evil")[:3], ("x", "y"), (":path", "/evil")],
        "an unknown pseudo-field": [(":evil", "x"), *request("/evil")],
        ":status in a request": [(":status", "200"), *request("/evil")],
        "an odd method": request("/evil", "G ET"),
        "an odd scheme": request("/evil", scheme="ftp"),
        "an authority with user": request("/evil", host="user@web.test"),
        "an authority with a space": request("/evil", host="web.test evil"),
        "no authority": [field for field in request("/evil") if field[0] != ":authority"],
        "Host that contradicts": with_fields(("host", "other.test")),
        "two lengths": with_fields(("content-length", "1"), ("content-length", "1")),
        "a negative length": with_fields(("content-length", "-1")),
        "a length, and no body": with_fields(("content-length", "5")),
        "h2c as protocol": [(":method", "CONNECT"), (":protocol", "h2c"), *request("/evil")[1:]],
    }
    origins.requests.clear()
    for name, fields in cases.items():
        peer = wire.client(CLIENT)
        peer.send(peer.headers(1, fields))
        status, _, _, _, end = peer.response(1)
        peer.send(peer.headers(3, request("/good")))
        good = peer.response(3)[0]
        refused = status == "400" or end in ("PROTOCOL_ERROR", "INTERNAL_ERROR") and status is None
        check(f"refused, and the connection lives on: {name}", refused and good == "200", (status, end, good))
        peer.close()
    check("no malformed request has reached the application", not [r for r in origins.requests if "evil" in str(r)],
          [r for r in origins.requests if "evil" in str(r)])
    for name, length, data in (("longer than its length", 3, b"12345"), ("shorter than its length", 9, b"12345")):
        peer = wire.client(CLIENT)
        fields = request("/evil", "POST") + [("content-length", str(length))]
        peer.send(peer.headers(1, fields, end=False), frame(DATA, END_STREAM, 1, data))
        found = peer.response(1)
        check(f"a body that is {name} is refused", found[4] == "PROTOCOL_ERROR", found)
        peer.close()
    check("nor any of its body", not [r for r in origins.requests if r[1] == "/evil" and r[3]], origins.requests[-2:])
    peer = wire.client(CLIENT)
    peer.send(peer.headers(1, [(":method", "CONNECT"), (":authority", "web.test:8000")], end=False))
    check("CONNECT is 404", (found := peer.response(1))[0] == "404", found)


def windows(client):
    """Nothing is taken from anybody that the other side does not take."""
    before = pair.resident(client)
    slow = [wire.client(CLIENT, setting(4, 1)) for _ in range(20)]
    for peer in slow:
        peer.send(*[peer.headers(n, request("/large")) for n in (1, 3, 5)])
    time.sleep(1.5)
    check("60 slow readers of 20 MB cost little memory", pair.resident(client) - before < 40_000, pair.resident(client) - before)
    peer = wire.client(CLIENT)
    peer.send(peer.headers(1, request()))
    check("and others are served", peer.response(1)[0] == "200")
    for each in slow:
        each.close()
    before = pair.resident(client)
    peer = wire.client(CLIENT)
    peer.send(peer.headers(1, request("/held", "POST"), end=False))
    peer.socket.settimeout(1)
    window, sent = {0: 65535, 1: 65535}, 0
    end = time.monotonic() + 2
    while time.monotonic() < end:
        while min(window.values()) >= 16384:
            peer.send(frame(DATA, 0, 1, bytes(16384)))
            sent += 16384
            window = {stream: left - 16384 for stream, left in window.items()}
        found = peer.next(0.1)
        if found and found[0] == WINDOW_UPDATE and found[2] in window:
            window[found[2]] += int.from_bytes(found[3], "big")
        if found and found[0] == SETTINGS and setting(4, 262144) in found[3]:
            window[1] += 262144 - 65535
    # The application's kernel may take what it wants to.
    most = 10_000_000 + int(open("/proc/sys/net/ipv4/tcp_rmem").read().split()[2])
    check("an application that does not read stops the client", 100_000 < sent < most, sent)
    check("with little memory", pair.resident(client) - before < 10_000, pair.resident(client) - before)
    origins.hold.set()
    peer.close()
    peer = wire.client(CLIENT)
    held = [peer.headers(n, request("/held2", "POST"), end=False) for n in range(1, 2 * 130, 2)]
    peer.send(*held)
    found = peer.until(lambda f: f[0] == RST_STREAM, 3)
    check("more than 100 streams are refused", found and found[3] == (7).to_bytes(4, "big"), found)


def run(client):
    floods(client)
    bombs(client)
    broken()
    malformed()
    windows(client)
    peer = wire.client(CLIENT)
    peer.send(peer.headers(1, request()))
    check("after all that, the proxy serves", peer.response(1)[0] == "200" and client.poll() is None)
