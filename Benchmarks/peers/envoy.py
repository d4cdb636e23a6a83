import re

from machine import sh, write
from peer import Peer

TLS_TYPE = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3"
HTTP_TYPE = "type.googleapis.com/envoy.extensions"


def indented(text, columns):
    return text.replace("\n", "\n" + " " * columns)


class Envoy(Peer):
    """With what Istio switches on: identity check, X-Forwarded-Client-Cert, request id, attempt count, retries, statistics."""

    name = "Envoy"

    def version(self):
        match = re.search(r"/(\d+\.\d+\.\d+)/", sh(self.program, "--version"))
        return f"Envoy {match.group(1) if match else '?'}"

    def commands(self, http2, certificates):
        return [
            [self.program, "-c", self.configuration(side, http2, certificates), "--concurrency", "1", "-l", "warn"]
            + ["--base-id", str(number)]
            for side, number in (("client", 71), ("server", 72))
        ]

    def configuration(self, side, http2, certificates):
        is_client = side == "client"
        listen, target = (self.client_port, self.server_port) if is_client else (self.server_port, self.origin)
        return write(
            f"{self.work}/envoy/{side}.yaml",
            f"""
static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {listen} }} }}
    per_connection_buffer_limit_bytes: 1048576
    filter_chains:
    - filters:
      - name: hcm
        typed_config:
          "@type": {HTTP_TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: hcm
          generate_request_id: true{'' if is_client else self.client_certificate()}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              include_request_attempt_count: {str(is_client).lower()}
              routes:
              - match: {{ prefix: / }}
                route: {{ cluster: target, timeout: 0s, retry_policy: {{ retry_on: connect-failure, num_retries: 2 }} }}
          http_filters:
          - name: cors
            typed_config: {{ "@type": {HTTP_TYPE}.filters.http.cors.v3.Cors }}
          - name: fault
            typed_config: {{ "@type": {HTTP_TYPE}.filters.http.fault.v3.HTTPFault }}
          - name: router
            typed_config: {{ "@type": {HTTP_TYPE}.filters.http.router.v3.Router }}{'' if is_client else self.downstream(certificates)}
  clusters:
  - name: target
    lb_policy: LEAST_REQUEST
    per_connection_buffer_limit_bytes: 1048576
    load_assignment:
      cluster_name: target
      endpoints: [{{ lb_endpoints: [{{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {target} }} }} }} }}] }}]
{self.http2_upstream() if http2 and is_client else ''}{self.upstream(certificates, http2) if is_client else ''}
""",
        )

    def tls(self, side, certificates, protocols):
        return f"""
common_tls_context:
  alpn_protocols: {protocols}
  tls_params: {{ tls_minimum_protocol_version: TLSv1_2, tls_maximum_protocol_version: TLSv1_3 }}
  tls_certificates:
  - certificate_chain: {{ filename: {certificates}/{side}.pem }}
    private_key: {{ filename: {certificates}/{side}.key }}
  validation_context:
    trusted_ca: {{ filename: {certificates}/root.pem }}
    match_typed_subject_alt_names:
    - san_type: URI
      matcher: {{ prefix: "spiffe://cluster.local/" }}"""

    def client_certificate(self):
        return """
          forward_client_cert_details: APPEND_FORWARD
          set_current_client_cert_details: { subject: true, uri: true, dns: true }"""

    def downstream(self, certificates):
        return indented(
            f"""
transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    "@type": {TLS_TYPE}.DownstreamTlsContext
    require_client_certificate: true{indented(self.tls("server", certificates, '["h2", "http/1.1"]'), 4)}""",
            6,
        )

    def upstream(self, certificates, http2):
        return indented(
            f"""
transport_socket:
  name: envoy.transport_sockets.tls
  typed_config:
    "@type": {TLS_TYPE}.UpstreamTlsContext
    max_session_keys: 64
    sni: outbound_.8000_._.web.bench{indented(self.tls("client", certificates, '["h2"]' if http2 else '["http/1.1"]'), 4)}""",
            4,
        )

    def http2_upstream(self):
        return f"""    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": {HTTP_TYPE}.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {{ http2_protocol_options: {{}} }}"""
