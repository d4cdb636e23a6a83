internal import JSON

extension Definition {
    static let gateway = Schema.object([
        "servers": Schema.list(server).described("The ports that the gateway opens, and the hosts it opens them for."),
        "selector": labels.described("The labels of the pods this is for; without it, every gateway."),
    ]).described("What a proxy at the edge of the mesh listens on, and the TLS it ends there.")

    private static let server = Schema.object(
        [
            "port": port,
            "bind": Schema.string.described("An IP address or `unix://` and a path; all addresses without it."),
            "hosts": Schema.list(.string)
                .described("`host` or `namespace/host`; the host may begin with `*`, and is never a short name."),
            "tls": serverTLS, "defaultEndpoint": .string, "name": .string,
        ],
        required: ["port", "hosts"]
    )

    private static let port = Schema.object(
        [
            "number": Schema.port.described("The port of the gateway's Service, or else of its pod."),
            "name": .string,
            "protocol": Schema.string.described("HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TCP, TLS, MONGO, MYSQL or REDIS."),
            "targetPort": .port,
        ],
        required: ["number", "protocol", "name"]
    )

    static let serverTLS = Schema.object([
        "httpsRedirect": Schema.boolean.described("Answers every request with 301 to https; for HTTP servers."),
        "mode": Schema.oneOf("PASSTHROUGH", "SIMPLE", "MUTUAL", "AUTO_PASSTHROUGH", "ISTIO_MUTUAL", "OPTIONAL_MUTUAL")
            .described(
                "SIMPLE: TLS ends here. MUTUAL, OPTIONAL_MUTUAL: clients must or may have a certificate. ISTIO_MUTUAL: "
                    + "with the mesh's certificates. PASSTHROUGH (the default), AUTO_PASSTHROUGH: TLS goes on as it is."
            ),
        "serverCertificate": .string, "privateKey": .string, "caCertificates": .string, "caCrl": .string,
        "credentialName": Schema.string.described("A Secret in the namespace of the gateway's pod."),
        "credentialNames": Schema.list(.string).described("Two Secrets, with an RSA and an ECDSA key."),
        "caCertCredentialName": .string,
        "tlsCertificates": .list(
            .object(["serverCertificate": .string, "privateKey": .string, "caCertificates": .string])
        ),
        "subjectAltNames": .list(.string), "verifyCertificateSpki": .list(.string),
        "verifyCertificateHash": .list(.string),
        "minProtocolVersion": tlsVersion.described("TLSV1_2 without it."),
        "maxProtocolVersion": tlsVersion.described("TLSV1_3 without it."),
        "cipherSuites": Schema.list(.string).described("Suites of TLS 1.2 and before, by OpenSSL's names, in order."),
        "ecdhCurves": .list(.string),
        "insecureSkipVerify": Schema.boolean.with("nullable", true)
            .described("Accepts client certificates of any origin."),
    ]).described("How TLS ends here, or where it goes on.")

    private static let tlsVersion = Schema.oneOf("TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3")
}
