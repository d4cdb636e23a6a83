"""Sends the first of each two texts, waits until the second has come, and prints all that came.

Usage: speak.py ADDRESS PORT [TEXT ANSWER]... [TEXT]. After a last text without an answer it waits for the end.
"""
import itertools
import socket
import sys

address, port, *texts = sys.argv[1:]
seen = b""
with socket.create_connection((address, int(port)), 60) as peer:
    for text, wanted in itertools.zip_longest(texts[::2], texts[1::2]):
        peer.sendall(text.encode().decode("unicode_escape").encode())
        while wanted is None or wanted.encode() not in seen:
            piece = peer.recv(4096)
            if not piece:
                break
            seen += piece
sys.stdout.buffer.write(seen)
