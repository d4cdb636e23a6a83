internal import JSON

/// What the node needs of one container of a pod, with Kubernetes' defaults filled in.
struct ContainerSpecification: Sendable, Hashable {
    let name: String
    let image: String
    /// Replaces the image's entry point; empty means the image's own.
    let command: [String]
    let arguments: [String]
    let workingDirectory: String?
    let isInit: Bool
    /// An init container with `restartPolicy: Always`: started in order, then kept running beside the others.
    let isSidecar: Bool
    let hasTerminal: Bool
    /// Whether something can be typed into it; it reads `/dev/null` otherwise.
    let hasInput: Bool
    /// Whether its input ends with the first user who attaches.
    let inputEndsOnce: Bool
    let startupProbe: ProbeSpecification?
    let readinessProbe: ProbeSpecification?
    let livenessProbe: ProbeSpecification?
    let postStart: HandlerSpecification?
    let preStop: HandlerSpecification?
    let volumeMounts: [VolumeMount]
    let ports: [ContainerPort]
    let json: JSON

    init(_ json: JSON, isInit: Bool) {
        name = json["name"]?.string ?? ""
        image = json["image"]?.string ?? ""
        command = json["command"]?.array?.compactMap(\.string) ?? []
        arguments = json["args"]?.array?.compactMap(\.string) ?? []
        workingDirectory = json["workingDir"]?.string
        self.isInit = isInit
        isSidecar = isInit && json["restartPolicy"]?.string == "Always"
        hasTerminal = json["tty"]?.bool ?? false
        hasInput = json["stdin"]?.bool ?? false
        inputEndsOnce = json["stdinOnce"]?.bool ?? false
        startupProbe = json["startupProbe"].flatMap(ProbeSpecification.init)
        let port = (json["ports"]?.array ?? []).lazy.compactMap(ContainerPort.init).first?.number
        readinessProbe =
            json["readinessProbe"].flatMap(ProbeSpecification.init)
            ?? ImageTable.healthCheck(of: json["image"]?.string ?? "", port: command.isEmpty ? port : nil)
        livenessProbe = json["livenessProbe"].flatMap(ProbeSpecification.init)
        postStart = json["lifecycle", "postStart"].flatMap(HandlerSpecification.init)
        preStop = json["lifecycle", "preStop"].flatMap(HandlerSpecification.init)
        volumeMounts = (json["volumeMounts"]?.array ?? []).map(VolumeMount.init)
        ports = (json["ports"]?.array ?? []).compactMap(ContainerPort.init)
        self.json = json
    }

    /// The number of a port given as number or name; nil when no port of the container has that name.
    func portNumber(_ port: JSON?) -> UInt16? {
        if let number = port?.int { return UInt16(exactly: number) }
        guard let name = port?.string else { return nil }
        return ports.first { $0.name == name }?.number ?? UInt16(name)
    }
}

struct ContainerPort: Sendable, Hashable {
    let name: String
    let number: UInt16
    /// `TCP`, `UDP` or `SCTP`.
    let transport: String

    init?(_ json: JSON) {
        guard let number = json["containerPort"]?.int.flatMap({ UInt16(exactly: $0) }) else { return nil }
        name = json["name"]?.string ?? ""
        self.number = number
        transport = json["protocol"]?.string ?? "TCP"
    }
}

struct VolumeMount: Sendable, Hashable {
    let volume: String
    let path: String
    /// A path inside the volume; empty means the volume itself.
    let subPath: String
    let isReadOnly: Bool

    init(volume: String, path: String, subPath: String = "", isReadOnly: Bool = false) {
        self.volume = volume
        self.path = path
        self.subPath = subPath
        self.isReadOnly = isReadOnly
    }

    init(_ json: JSON) {
        self.init(
            volume: json["name"]?.string ?? "",
            path: json["mountPath"]?.string ?? "",
            subPath: json["subPath"]?.string ?? "",
            isReadOnly: json["readOnly"]?.bool ?? false
        )
    }
}
