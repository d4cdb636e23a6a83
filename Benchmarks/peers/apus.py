import json

from machine import sh, write
from peer import Peer


class Apus(Peer):
    name = "Apus"

    def version(self):
        return "Apus " + sh(self.program, "version").strip().removeprefix("apus-proxy ")

    def commands(self, http2, certificates):
        return [
            [self.program, "static", "--concurrency", "1", "--config", self.configuration(side, http2, certificates)]
            for side in ("client", "server")
        ]

    def configuration(self, side, http2, certificates):
        protocol = "http2" if http2 else "http"
        is_client = side == "client"
        # The other direction of each sidecar is there, too, on a port that nobody uses.
        ports = (self.client_port, 0) if is_client else (0, self.server_port)
        return write(
            f"{self.work}/apus/{side}.json",
            json.dumps(
                {
                    "outbound": f"127.0.0.1:{ports[0]}",
                    "inbound": f"127.0.0.1:{ports[1]}",
                    "outboundFallback": "192.0.2.1:8000",
                    "inboundFallback": f"127.0.0.1:{self.origin}",
                    "certificate": f"{certificates}/{side}.pem",
                    "key": f"{certificates}/{side}.key",
                    "roots": f"{certificates}/root.pem",
                    "inboundPolicy": {
                        "otherMode": "STRICT",
                        "ports": [{"number": self.origin, "protocol": "http", "mode": "STRICT", "service": "web.bench"}],
                    },
                    "otherAddresses": "blackHole",
                    "addresses": {"192.0.2.1:8000": {"http": 8000, "allowsUnknownHosts": False}},
                    "hosts": {"web.bench:8000": "outbound|8000||web.bench"},
                    "destinations": [
                        {
                            "name": "outbound|8000||web.bench",
                            "protocol": protocol,
                            "endpoints": [f"127.0.0.1:{self.server_port}"],
                            "tls": "ISTIO_MUTUAL",
                            "subjectAltNames": ["spiffe://cluster.local/ns/bench/sa/server"],
                        }
                    ],
                },
                indent=1,
            ),
        )
