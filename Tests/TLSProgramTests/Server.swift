import Base
import Glibc
import Network
import Subprocess
import TestPrograms
import Testing

/// The test server running with given flags; it ends with the closure.
enum Server {
    static func program() throws -> String {
        try #require(Programs.besideTests("test-tls-server"), "build the product test-tls-server first")
    }

    /// Calls `body` with the server's address, such as `127.0.0.1:40123`.
    static func run<Result: Sendable>(
        _ flags: [String],
        _ body: (String) async throws -> Result
    ) async throws -> Result {
        var server = Subprocess(try program(), flags)
        server.input = .pipe
        server.error = .inherited
        let running = try server.start()
        defer { running.signal(SIGKILL) }
        var text = ""
        while !text.contains("\n") || !text.contains("listening on ") {
            let part = try await running.output?.read() ?? []
            if part.isEmpty { throw MeshError(.unavailable, "the test server did not start: \(text)") }
            text += String(decoding: part, as: UTF8.self)
        }
        let line = text.split(separator: "\n").last { $0.hasPrefix("listening on ") } ?? ""
        let result = try await body(String(line.dropFirst("listening on ".count)))
        running.signal(SIGKILL)
        _ = try await running.waitForExit()
        return result
    }
}

/// A folder with a certificate authority and what it has signed, made by openssl; removed with the object.
final class Files: Sendable {
    let path: String

    init() async throws {
        var template = Array("/tmp/apus-tls-XXXXXX".utf8CString)
        guard let made = unsafe mkdtemp(&template) else { throw MeshError(.unavailable, "mkdtemp") }
        path = unsafe String(cString: made)
        try await shell(
            """
            openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=root -keyout root.key -out root.crt
            openssl req -newkey rsa:2048 -nodes -subj /CN=a.example.com -keyout rsa.key -out rsa.csr
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=a.example.com -keyout ec.key -out ec.csr
            printf 'subjectAltName=DNS:a.example.com\\nkeyUsage=digitalSignature,keyEncipherment\\n' >extensions
            for kind in rsa ec; do
                openssl x509 -req -days 2 -CA root.crt -CAkey root.key -set_serial 7 -in $kind.csr -extfile extensions -out $kind.crt
            done
            """
        )
    }

    deinit {
        // One level is all there is; what does not go stays in /tmp.
        for name in Self.names(in: path) { _ = unsafe unlink("\(path)/\(name)") }
        _ = unsafe rmdir(path)
    }

    private static func names(in path: String) -> [String] {
        guard let folder = unsafe opendir(path) else { return [] }
        defer { _ = unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            // Safe: the C library ends the name with a zero.
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Runs lines of shell in the folder and returns what they print.
    @discardableResult
    func shell(_ script: String, input: String = "") async throws -> String {
        var shell = Subprocess("bash", ["-euc", script])
        shell.workingDirectory = path
        let run = try await shell.run(input: Array(input.utf8), timeout: .seconds(60))
        return "\(run.text)\n\(run.errorText)\nstatus \(run.status)"
    }

    var rsa: [String] { ["--serverCertificate", "\(path)/rsa.crt", "--privateKey", "\(path)/rsa.key"] }
    var ecdsa: [String] { ["--serverCertificate", "\(path)/ec.crt", "--privateKey", "\(path)/ec.key"] }
}
