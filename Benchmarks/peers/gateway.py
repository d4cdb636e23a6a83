"""Gateways: TLS from clients without certificates, plaintext to the server behind; HTTP/1.1 and HTTP/2 by ALPN."""
from envoy import HTTP_TYPE, TLS_TYPE, Envoy
from haproxy import HAProxy
from machine import DESCRIPTORS, free_port, sh, write
from nginx import Nginx, head
from peer import Peer
from router import Router, gateway, object, path, secret, virtual_service

HOST = "web.bench"


class Gateway:
    """One process, on the port of a :class:`Peer`'s client side."""

    def run(self, certificates="ecdsa"):
        Peer.run(self, certificates=certificates)


class ApusGateway(Gateway, Peer):
    """`apus-proxy proxy router`, with a Gateway, a VirtualService and a ServiceEntry."""

    name = "Apus"

    def __init__(self, work, origin, program, lab):
        super().__init__(work, origin, program)
        self.router = Router(lab, program)
        self.router.prepare()
        self.ports = {kind: free_port() for kind in ("ecdsa", "rsa")}
        servers = []
        for kind, port in self.ports.items():
            lab.api.create(*secret(f"web-{kind}", f"{work}/{kind}/server.pem", f"{work}/{kind}/server.key"))
            servers.append({
                "hosts": [HOST], "bind": "127.0.0.1", "port": {"number": port, "name": f"https-{kind}", "protocol": "HTTPS"},
                "tls": {"mode": "SIMPLE", "credentialName": f"web-{kind}"},
            })  # fmt: skip
        entry = {
            "hosts": ["origin.bench"], "location": "MESH_EXTERNAL", "resolution": "STATIC",
            "ports": [{"number": 8000, "name": "http", "protocol": "HTTP", "targetPort": origin}],
            "endpoints": [{"address": "127.0.0.1"}],
        }  # fmt: skip
        lab.api.create(path("serviceentries", "edge", group="networking"), object("ServiceEntry", "origin", entry))
        target = {"host": "origin.bench", "port": {"number": 8000}}
        lab.api.create(*virtual_service("web", [HOST], ["web"], {"route": [{"destination": target}]}))
        lab.api.create(*gateway("web", servers))

    def version(self):
        return "Apus " + sh(self.program, "version").strip().removeprefix("apus-proxy ")

    def commands(self, http2, certificates):
        self.client_port = self.ports[certificates.rsplit("/", 1)[-1]]
        return [self.router.command]


class EnvoyGateway(Gateway, Envoy):
    def commands(self, http2, certificates):
        return [[self.program, "-c", self.configuration("gateway", False, certificates), "--concurrency", "1", "-l", "warn"]
                + ["--base-id", "73"]]  # fmt: skip

    def configuration(self, side, http2, certificates):
        return write(
            f"{self.work}/envoy/{side}.yaml",
            f"""
static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {self.client_port} }} }}
    per_connection_buffer_limit_bytes: 1048576
    listener_filters:
    - name: tls_inspector
      typed_config: {{ "@type": {HTTP_TYPE}.filters.listener.tls_inspector.v3.TlsInspector }}
    filter_chains:
    - filter_chain_match: {{ server_names: [{HOST}] }}
      filters:
      - name: hcm
        typed_config:
          "@type": {HTTP_TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: hcm
          generate_request_id: true
          use_remote_address: true
          forward_client_cert_details: SANITIZE_SET
          route_config:
            virtual_hosts:
            - name: all
              domains: ["{HOST}", "{HOST}:*"]
              routes:
              - match: {{ prefix: / }}
                route: {{ cluster: target, timeout: 0s, retry_policy: {{ retry_on: connect-failure, num_retries: 2 }} }}
          http_filters:
          - name: router
            typed_config: {{ "@type": {HTTP_TYPE}.filters.http.router.v3.Router }}
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": {TLS_TYPE}.DownstreamTlsContext
          common_tls_context:
            alpn_protocols: [h2, http/1.1]
            tls_params: {{ tls_minimum_protocol_version: TLSv1_2, tls_maximum_protocol_version: TLSv1_3 }}
            tls_certificates:
            - certificate_chain: {{ filename: {certificates}/server.pem }}
              private_key: {{ filename: {certificates}/server.key }}
  clusters:
  - name: target
    lb_policy: LEAST_REQUEST
    per_connection_buffer_limit_bytes: 1048576
    load_assignment:
      cluster_name: target
      endpoints: [{{ lb_endpoints: [{{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {self.origin} }} }} }} }}] }}]
""",
        )


class HAProxyGateway(Gateway, HAProxy):
    def commands(self, http2, certificates):
        text = (
            f"global\n maxconn {DESCRIPTORS // 2 - 100}\n nbthread 1\n"
            "defaults\n mode http\n timeout connect 5s\n timeout client 1h\n timeout server 1h\n"
            " option http-keep-alive\n http-reuse always\n"
            f"listen s\n bind 127.0.0.1:{self.client_port} ssl crt {certificates}/server-both.pem alpn h2,http/1.1"
            " ssl-min-ver TLSv1.2\n option forwardfor\n http-request set-header X-Forwarded-Proto https\n"
            f" server o 127.0.0.1:{self.origin}\n"
        )
        return [["haproxy", "-db", "-f", write(f"{self.work}/haproxy/gateway.cfg", text)]]


class NginxGateway(Gateway, Nginx):
    def commands(self, http2, certificates):
        files = f"{certificates}/server"
        headers = (
            "proxy_http_version 1.1; proxy_set_header Connection ''; proxy_set_header Host $host;"
            " proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto https;"
        )
        limits = "keepalive_requests 1000000000; keepalive_timeout 1h;"
        text = head(f"{self.work}/nginx", "gateway") + (
            f"upstream o {{ server 127.0.0.1:{self.origin}; keepalive 256; {limits} }}\n"
            f"server {{ listen 127.0.0.1:{self.client_port} ssl http2 backlog=4096; server_name {HOST};"
            f" ssl_certificate {files}.pem; ssl_certificate_key {files}.key; ssl_session_cache shared:s:20m;"
            f" ssl_protocols TLSv1.2 TLSv1.3; location / {{ proxy_pass http://o; {headers} }} }} }}"
        )
        return [["nginx", "-c", write(f"{self.work}/nginx/gateway.conf", text)]]
