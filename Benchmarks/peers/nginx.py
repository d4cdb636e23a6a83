import subprocess

from machine import DESCRIPTORS, write
from peer import Peer

LIMITS = "keepalive_requests 1000000000; keepalive_timeout 1h;"


def head(directory, name):
    return (
        f"worker_processes 1; worker_rlimit_nofile {DESCRIPTORS}; daemon off; pid {directory}/{name}.pid;"
        f" error_log {directory}/{name}.err;\n"
        f"events {{ worker_connections {DESCRIPTORS - 100}; }}\nhttp {{ access_log off; {LIMITS}\n"
    )


def origin_configuration(work, port):
    """The server behind all proxies."""
    return write(
        f"{work}/origin.conf",
        head(work, "origin") + f"server {{ listen 127.0.0.1:{port} backlog=4096; root {work}/www; }} }}",
    )


class Nginx(Peer):
    name = "nginx"
    speaks_http2 = False  # Not to a server behind it.

    def version(self):
        return "nginx " + subprocess.run(["nginx", "-v"], capture_output=True, text=True).stderr.strip().rsplit("/", 1)[-1]

    def commands(self, http2, certificates):
        return [["nginx", "-c", self.configuration(side, certificates)] for side in ("client", "server")]

    def configuration(self, side, certificates):
        proxy = "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $host;"
        files, roots = f"{certificates}/{side}", f"{certificates}/root.pem"
        if side == "client":
            # It verifies no server here: it can check for host names only, of which SPIFFE certificates have none.
            tls = (
                f"proxy_ssl_certificate {files}.pem; proxy_ssl_certificate_key {files}.key;"
                f" proxy_ssl_trusted_certificate {roots}; proxy_ssl_protocols TLSv1.3;"
            )
            body = (
                f"upstream s {{ server 127.0.0.1:{self.server_port}; keepalive 256; {LIMITS} }}\n"
                f"server {{ listen 127.0.0.1:{self.client_port} backlog=4096; location / {{ proxy_pass https://s; {proxy} {tls} }} }} }}"
            )
        else:
            body = (
                f"upstream o {{ server 127.0.0.1:{self.origin}; keepalive 256; {LIMITS} }}\n"
                f"server {{ listen 127.0.0.1:{self.server_port} ssl backlog=4096;"
                f" ssl_certificate {files}.pem; ssl_certificate_key {files}.key; ssl_session_cache shared:s:20m;"
                f" ssl_client_certificate {roots}; ssl_verify_client on; ssl_protocols TLSv1.2 TLSv1.3;"
                f" location / {{ proxy_pass http://o; {proxy} }} }} }}"
            )
        return write(f"{self.work}/nginx/{side}.conf", head(f"{self.work}/nginx", side) + body)
