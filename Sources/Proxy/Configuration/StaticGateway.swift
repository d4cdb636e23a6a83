internal import Base
internal import Discovery
internal import JSON
internal import TLS

/// The part of a ``StaticConfiguration`` that makes the proxy a gateway.
///
/// ```json
/// {
///   "gateway": [{
///     "listen": "127.0.0.1:8443",
///     "chains": [
///       { "serverNames": ["a.example"], "routes": "https", "origin": "Gateway foo/web server https",
///         "tls": { "credentials": ["web"], "clientCertificate": "required", "roots": "web",
///                  "minimumVersion": "TLSv1.2", "maximumVersion": "TLSv1.3", "cipherSuites": [], "alpn": ["http/1.1"] } },
///       { "serverNames": ["b.example"], "tls": "passthrough", "bytes": ["outbound|443||b.example"] }
///     ]
///   }],
///   "secrets": { "web": { "certificate": "cert.pem", "key": "key.pem", "roots": "ca.pem", "revocations": "crl.pem" } },
///   "routeTables": [{
///     "name": "https", "port": 443, "serverHosts": ["a.example"],
///     "virtualHosts": [{ "domains": ["a.example"],
///                        "routes": [{ "prefix": "/", "destination": "outbound|8000||web.foo" }] }]
///   }]
/// }
/// ```
///
/// A chain without `tls` is for plaintext. `tls` may name `files` (`[{ "certificate": …, "key": … }]`) or be
/// `"workload"`: with `true` the proxy's own certificate; `roots` may be a file (`rootsFile`), or with `workload` the mesh's.
enum StaticGateway {
    /// Adds what `json` says of a gateway, if anything.
    ///
    /// - Throws: ``MeshError`` that names the member that cannot be used.
    static func read(_ json: JSON, into content: inout ProxyTables.Content) throws(MeshError) {
        guard let listeners = json["gateway"]?.array else { return }
        var gateway = GatewayConfiguration()
        for listener in listeners { gateway.listeners.append(try self.listener(listener)) }
        gateway.trustedProxies = Int(json["trustedProxies"]?.int ?? 0)
        gateway.expectsProxyProtocol = json["proxyProtocol"]?.bool ?? false
        if let text = json["clientCertificateForwarding"]?.string {
            guard let forwarding = forwardings[text] else {
                throw StaticConfiguration.wrong("clientCertificateForwarding", text)
            }
            gateway.clientCertificateForwarding = forwarding
        }
        content.gateway = gateway
        for (name, secret) in json["secrets"]?.object ?? [:] { content.secrets[name] = credential(secret) }
        for table in json["routeTables"]?.array ?? [] {
            let table = try routeTable(table)
            content.routeTables[table.name] = table
        }
    }

    private static let forwardings: [String: GatewayConfiguration.ClientCertificateForwarding] = [
        "SANITIZE_SET": .replaced, "SANITIZE": .removed, "FORWARD_ONLY": .kept, "APPEND_FORWARD": .appended,
        "ALWAYS_FORWARD_ONLY": .alwaysKept,
    ]

    private static func strings(_ json: JSON?) -> [String] { json?.array?.compactMap(\.string) ?? [] }

    private static func listener(_ json: JSON) throws(MeshError) -> GatewayListener {
        var listener: GatewayListener
        if let text = json["listen"]?.string, text.hasPrefix("unix://") {
            listener = GatewayListener(address: String(text.dropFirst("unix://".count)), port: 0)
        } else if let text = json["listen"]?.string, let address = SocketAddress(text) {
            listener = GatewayListener(address: address.ip.description, port: address.port)
        } else {
            throw StaticConfiguration.wrong("gateway.listen", "\(json["listen"] ?? .null)")
        }
        for chain in json["chains"]?.array ?? [] { listener.chains.append(try self.chain(chain)) }
        return listener
    }

    private static func chain(_ json: JSON) throws(MeshError) -> GatewayListener.Chain {
        let destinations = strings(json["bytes"]).map { WeightedDestination($0) }
        let content: GatewayListener.Chain.Content
        if let routes = json["routes"]?.string {
            content = .http(routes: routes)
        } else if !destinations.isEmpty {
            content = .bytes(destinations)
        } else {
            throw StaticConfiguration.wrong("gateway.chains", "\(json)")
        }
        var transport = GatewayListener.Chain.Transport.plaintext
        if let tls = json["tls"] {
            transport = tls.string == "passthrough" ? .passthrough : .terminate(try termination(tls))
        }
        var chain = GatewayListener.Chain(transport, content)
        chain.serverNames = strings(json["serverNames"])
        chain.translatesGRPCWeb = json["grpcWeb"]?.bool ?? false
        chain.applicationProtocols = strings(json["clientALPN"])
        chain.origin = json["origin"]?.string ?? "static chain for \(chain.serverNames.joined(separator: ", "))"
        return chain
    }

    private static func termination(_ json: JSON) throws(MeshError) -> ServerTLS {
        var certificates = ServerTLS.Certificates.credentials(strings(json["credentials"]))
        if json["workload"]?.bool == true { certificates = .workload }
        if let pairs = json["files"]?.array {
            certificates = .files(
                pairs.map { .init(certificate: $0["certificate"]?.string ?? "", key: $0["key"]?.string ?? "") }
            )
        }
        var tls = ServerTLS(certificates)
        switch json["clientCertificate"]?.string {
        case nil, "none": tls.clientCertificate = .none
        case "optional": tls.clientCertificate = .optional
        case "required": tls.clientCertificate = .required
        case let other?: throw StaticConfiguration.wrong("clientCertificate", other)
        }
        tls.roots = roots(json)
        tls.subjectAlternativeNames = strings(json["subjectAltNames"])
        tls.publicKeyHashes = strings(json["publicKeyHashes"])
        tls.certificateHashes = strings(json["certificateHashes"])
        tls.minimumVersion = try version(json["minimumVersion"]) ?? .tls12
        tls.maximumVersion = try version(json["maximumVersion"]) ?? .tls13
        tls.cipherSuites = strings(json["cipherSuites"])
        tls.curves = strings(json["curves"])
        tls.skipsVerification = json["skipsVerification"]?.bool ?? false
        tls.applicationProtocols = json["alpn"] == nil ? ["h2", "http/1.1"] : strings(json["alpn"])
        return tls
    }

    private static func roots(_ json: JSON) -> ServerTLS.Roots? {
        if let name = json["roots"]?.string { return .credential(name) }
        if let path = json["rootsFile"]?.string {
            return .file(path, revocations: json["revocationsFile"]?.string ?? "")
        }
        return json["workload"]?.bool == true ? .workload : nil
    }

    private static func version(_ json: JSON?) throws(MeshError) -> TLSVersion? {
        guard let text = json?.string else { return nil }
        guard let version = TLSVersion.allCases.first(where: { $0.description == text }) else {
            throw StaticConfiguration.wrong("TLS version", text)
        }
        return version
    }

    /// A secret whose files are missing is one with a problem, as it would come from the control plane.
    private static func credential(_ json: JSON) -> Credential {
        var credential = Credential()
        do {
            func text(_ member: String) throws -> String { try json[member]?.string.map(Files.readText) ?? "" }
            credential.certificatesPEM = try text("certificate")
            credential.keyPEM = try text("key")
            credential.rootsPEM = try text("roots")
            credential.revocationsPEM = try text("revocations")
            credential.problem = json["problem"]?.string ?? ""
        } catch {
            credential.problem = "\(error)"
        }
        return credential
    }

    // Routes

    private static func routeTable(_ json: JSON) throws(MeshError) -> RouteTable {
        guard let name = json["name"]?.string else { throw StaticConfiguration.wrong("routeTables.name", "\(json)") }
        var table = RouteTable(name: name, port: json["port"]?.int.flatMap { UInt16(exactly: $0) } ?? 0)
        table.serverHosts = strings(json["serverHosts"])
        for host in json["virtualHosts"]?.array ?? [] {
            var virtualHost = RouteTable.VirtualHost(domains: strings(host["domains"]))
            virtualHost.redirectsToHTTPS = host["redirectsToHTTPS"]?.bool ?? false
            for route in host["routes"]?.array ?? [] { virtualHost.routes.append(try StaticRoute.read(route)) }
            table.virtualHosts.append(virtualHost)
        }
        return table
    }
}
