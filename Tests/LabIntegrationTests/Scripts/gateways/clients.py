"""Clients from outside the mesh, each of which prints one line for what it saw.

usage: clients.py <gateway's address> <root certificate> grpc|websocket|farewell <host>
       clients.py <gateway's address> <root certificate> load <host> <file that ends it>
       clients.py <gateway's address> <root certificate> await <host> <file with a certificate> <seconds>
"""
import asyncio
import os
import socket
import ssl
import sys
import threading
import time

address, root, command, host, *arguments = sys.argv[1:]
trust = ssl.create_default_context(cafile=root)


def connect():
    return trust.wrap_socket(socket.create_connection((address, 443), 10), server_hostname=host)


def call_grpc():
    import grpc

    channel = grpc.secure_channel(f"{address}:443", grpc.ssl_channel_credentials(open(root, "rb").read()), options=[
        ("grpc.ssl_target_name_override", host), ("grpc.default_authority", host)])
    once = channel.unary_unary("/echo/Once")(b"hello", timeout=20)
    each = list(channel.stream_stream("/echo/Each")(iter([b"one", b"two", b"three"]), timeout=20))
    try:
        channel.unary_unary("/echo/Refused")(b"", timeout=20)
        refusal = "none"
    except grpc.RpcError as error:
        refusal = f"{error.code().name} {error.details()}"
    try:
        channel.unary_unary("/elsewhere/Once")(b"", timeout=20)
        missing = "none"
    except grpc.RpcError as error:
        missing = error.code().name
    print(once.decode(), b"".join(each).decode(), refusal, missing)


async def talk_websocket():
    import websockets

    async with websockets.connect(f"wss://{host}/", host=address, port=443, ssl=trust, server_hostname=host) as stream:
        await stream.send("hello")
        first = await stream.recv()
        await stream.send(bytes(100_000))
        print(first, len(await stream.recv()))


def ask(stream):
    """One request over HTTP/1.1, whose answer must be whole and 200."""
    stream.sendall(f"GET /ip HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        data = stream.recv(65536)
        if not data:
            raise OSError("the connection ended")
        answer += data
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise OSError(head[:40])
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    while len(body) < length:
        data = stream.recv(65536)
        if not data:
            raise OSError("the connection ended within an answer")
        body += data


def load(end):
    """Connections that stay and new ones, until the file `end` is there."""
    failures, counts = [], {"kept": 0, "new": 0}

    def run(kind):
        try:
            stream = connect() if kind == "kept" else None
            while not os.path.exists(end):
                if stream:
                    ask(stream)
                    time.sleep(0.01)
                else:
                    with connect() as fresh:
                        ask(fresh)
                counts[kind] += 1
        except OSError as error:
            failures.append(f"{kind}: {error!r}")

    threads = [threading.Thread(target=run, args=(kind,)) for kind in ("kept", "kept", "kept", "new", "new")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("failed", len(failures), "enough" if min(counts.values()) >= 20 else "too few", counts, failures[:3])


def await_certificate(file, seconds):
    """Connects again and again until this certificate is shown, and tells how many milliseconds that took."""
    wanted = ssl.PEM_cert_to_DER_cert(open(file).read())
    begin = time.monotonic()
    while time.monotonic() - begin < float(seconds):
        with connect() as stream:
            if stream.getpeercert(True) == wanted:
                print(round((time.monotonic() - begin) * 1000))
                return
    sys.exit(f"not shown within {seconds} s")


def tell_farewell():
    """The last streams that an idle HTTP/2 connection's GOAWAY frames name, until it ends."""
    trust.set_alpn_protocols(["h2"])
    stream = connect()
    stream.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
    print("ready", flush=True)
    seen, last = b"", []
    while data := stream.recv(65536):
        seen += data
        while len(seen) >= 9 and len(seen) >= (end := 9 + int.from_bytes(seen[:3])):
            if seen[3] == 7:
                last.append(f"{int.from_bytes(seen[9:13]):x}")
            seen = seen[end:]
    print(*last, "ended")


if command == "grpc":
    call_grpc()
elif command == "websocket":
    asyncio.run(talk_websocket())
elif command == "load":
    load(*arguments)
elif command == "farewell":
    tell_farewell()
else:
    await_certificate(*arguments)
