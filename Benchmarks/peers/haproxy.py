from machine import DESCRIPTORS, sh, write
from peer import Peer


class HAProxy(Peer):
    name = "HAProxy"

    def version(self):
        return "HAProxy " + sh("haproxy", "-v").split()[2]

    def commands(self, http2, certificates):
        return [["haproxy", "-db", "-f", self.configuration(side, http2, certificates)] for side in ("client", "server")]

    def configuration(self, side, http2, certificates):
        head = (
            f"global\n maxconn {DESCRIPTORS // 2 - 100}\n nbthread 1\n"
            "defaults\n mode http\n timeout connect 5s\n timeout client 1h\n timeout server 1h\n"
            " option http-keep-alive\n http-reuse always\n"
        )
        pem, roots = f"{certificates}/{side}-both.pem", f"{certificates}/root.pem"
        alpn = "h2" if http2 else "http/1.1"
        if side == "client":
            tls = f"ssl crt {pem} ca-file {roots} verify required alpn {alpn}"
            body = (
                f"listen c\n bind 127.0.0.1:{self.client_port}{' proto h2' if http2 else ''}\n"
                f" server s 127.0.0.1:{self.server_port} {tls}\n"
            )
        else:
            body = (
                f"listen s\n bind 127.0.0.1:{self.server_port} ssl crt {pem} ca-file {roots} verify required alpn {alpn}\n"
                " http-request set-header X-Forwarded-Client-Cert Hash=%[ssl_c_sha1,hex]\n"
                f" server o 127.0.0.1:{self.origin}\n"
            )
        return write(f"{self.work}/haproxy/{side}.cfg", head + body)
