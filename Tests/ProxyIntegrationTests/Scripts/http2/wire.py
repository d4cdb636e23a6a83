"""HTTP/2 frame by frame, so that a test can send what no client would."""
import socket
import struct
import time

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
CODES = ["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
         "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"]


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def setting(number, value):
    return struct.pack(">HI", number, value)


class Peer:
    """One end of a connection; remembers all that came."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(10)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.buffer, self.frames, self.closed = b"", [], False

    def send(self, *frames):
        try:
            self.socket.sendall(b"".join(frames))
            return True
        except OSError:
            return False

    def headers(self, stream, fields, end=True):
        flags = END_HEADERS | (END_STREAM if end else 0)
        return frame(HEADERS, flags, stream, self.encoder.encode(fields))

    def next(self, timeout=5):
        """The next frame as (kind, flags, stream, payload or fields); None at the end, or when nothing comes."""
        end = time.monotonic() + timeout
        while True:
            if len(self.buffer) >= 9:
                length = int.from_bytes(self.buffer[:3], "big")
                if len(self.buffer) >= 9 + length:
                    return self.taken(length)
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                return None
            except OSError:
                data = b""
            if not data:
                self.closed = True
                return None
            self.buffer += data

    def taken(self, length):
        head, payload = self.buffer[:9], self.buffer[9:9 + length]
        self.buffer = self.buffer[9 + length:]
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7FFFFFFF
        if kind == HEADERS:
            payload = [(n if isinstance(n, str) else n.decode(), v if isinstance(v, str) else v.decode())
                       for n, v in self.decoder.decode(payload)]
        elif kind == SETTINGS and not flags & ACK:
            self.send(frame(SETTINGS, ACK))
        self.frames.append((kind, flags, stream, payload))
        return self.frames[-1]

    def until(self, condition, timeout=5):
        """Reads until a frame meets `condition`; None when none does."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            found = self.next(end - time.monotonic())
            if found is None:
                return None
            if condition(found):
                return found
        return None

    def goaway(self, timeout=5):
        """The code with which the peer ends the connection."""
        found = self.until(lambda f: f[0] == GOAWAY, timeout)
        if found is None:
            return "closed" if self.closed else "nothing"
        return CODES[int.from_bytes(found[3][4:8], "big")]

    def response(self, stream, timeout=5):
        """(status, fields, body, trailers, how it ended)."""
        fields, body, trailers = [], b"", []
        while found := self.until(lambda f: f[2] == stream and f[0] in (HEADERS, DATA, RST_STREAM), timeout):
            kind, flags, _, payload = found
            if kind == RST_STREAM:
                return status(fields), fields, body, trailers, CODES[int.from_bytes(payload, "big")]
            if kind == DATA:
                body += payload
                if payload:
                    update = struct.pack(">I", len(payload))
                    self.send(frame(WINDOW_UPDATE, 0, 0, update), frame(WINDOW_UPDATE, 0, stream, update))
            elif status(fields) is None or int(status(fields)) < 200:
                fields += payload
            else:
                trailers = payload
            if flags & END_STREAM:
                return status(fields), fields, body, trailers, "end"
        return status(fields), fields, body, trailers, "closed" if self.closed else "nothing"

    def close(self):
        self.socket.close()


def status(fields):
    found = [value for name, value in fields if name == ":status"]
    return found[-1] if found else None


def client(address, *settings, preface=PREFACE):
    peer = Peer(socket.create_connection(address, 5))
    peer.send(preface, frame(SETTINGS, 0, 0, b"".join(settings)))
    return peer


def request(path="/", method="GET", host="web.test:8000", *more, **pseudo):
    fields = [(":method", method), (":scheme", pseudo.get("scheme", "http")), (":authority", host), (":path", path)]
    return fields + list(more)
