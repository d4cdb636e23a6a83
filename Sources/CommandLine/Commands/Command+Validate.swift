internal import Base
internal import JSON
internal import MeshAPI
internal import YAML

extension Command {
    static let validate = Command(
        name: "validate",
        aliases: ["v"],
        arguments: "-f FILENAME",
        summary: "Validate Istio policy and rules files",
        details: "Judges files by the rules of the mesh's validating webhook, without a cluster.",
        examples: """
            # Validate a file
            istioctl validate -f bookinfo-gateway.yaml

            # Validate what is in the cluster
            kubectl get destinationrules -A -o yaml | istioctl validate -f -
            """,
        flags: [Flag("filename", "f", .strings, "Files to validate; - is standard input")],
        run: { invocation in
            let paths = invocation.strings("filename")
            guard !paths.isEmpty else {
                throw ExitError("must specify at least one file to validate", status: ExitError.usage)
            }
            var failures: [String] = []
            for path in paths {
                let report = FileValidation(path: path, text: try ManifestFile.text(path))
                for warning in report.warnings { invocation.console.complain("\"\(path)\" has warnings: \(warning)") }
                if report.errors.isEmpty { invocation.console.print("\"\(path)\" is valid") }
                failures += report.errors
            }
            if !failures.isEmpty {
                throw ExitError(
                    "\(failures.count) error\(failures.count == 1 ? "" : "s") occurred:\n\t* \(failures.joined(separator: "\n\t* "))\n"
                )
            }
        }
    )
}

/// What is wrong with the objects of one file.
struct FileValidation {
    private(set) var errors: [String] = []
    private(set) var warnings: [String] = []

    init(path: String, text: String) {
        do {
            for document in try YAML.documents(text) { check(document.value, at: "\(path):\(document.line)") }
        } catch {
            errors.append("\(path): \(error)")
        }
    }

    private mutating func check(_ object: JSON, at place: String) {
        if object["kind"]?.string == "List", let items = object["items"]?.array {
            for item in items { check(item, at: place) }
            return
        }
        guard object["kind"]?.string != nil, object["apiVersion"]?.string != nil else {
            errors.append("\(place): an object needs apiVersion and kind")
            return
        }
        if object["kind"]?.string == "IstioOperator" {
            do { _ = try IstioOperator(object) } catch { errors.append("\(place): \(error)") }
            return
        }
        guard let judgement = MeshAPI.validate(object) else { return }
        let metadata = object["metadata"]
        let name = [metadata?["namespace"]?.string, metadata?["name"]?.string].compactMap { $0 }.joined(separator: "/")
        let title = "\(object["kind"]?.string ?? "") \(name)"
        errors += judgement.errors.map { "\(place): \(title): \($0)" }
        warnings += judgement.warnings.map { "\(title): \($0)" }
    }
}
