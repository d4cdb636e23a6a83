import Base
import Glibc
import JSON
import Network

/// The commands of `apus-lab`.
enum LabCommand {
    static func run(_ words: [String]) async {
        do {
            let arguments = try LabArguments(words)
            guard let command = arguments.command, !arguments.wantsHelp else {
                return print(LabHelp.text(for: arguments.command))
            }
            switch command {
            case .up: try await up(try arguments.port)
            case .run: try await run(arguments)
            case .down: try await down(arguments)
            case .status: try await status(asJSON: try arguments.wantsJSON)
            case .kubeconfig: print(LabHome().kubeconfig)
            case .logs: try logs(follows: arguments.has("--follow"))
            }
        } catch let error as MeshError where error.code == .invalidConfiguration {
            fail("\(error)", status: 2)
        } catch {
            fail("\(error)", status: 1)
        }
    }

    private static func fail(_ message: String, status: CInt) -> Never {
        let line = Array("Error: \(message)\n".utf8)
        _ = unsafe write(2, line, line.count)
        exit(status)
    }

    // status and logs

    private static func status(asJSON: Bool) async throws {
        let home = LabHome()
        let process = home.runningProcess
        let answers = if process != nil { await home.answers() } else { false }
        if asJSON {
            var status: JSON = [
                "answering": .bool(answers), "home": .string(home.directory), "kubeconfig": .string(home.kubeconfig),
                "running": .bool(process != nil),
            ]
            status["process"] = process.map { .int(Int64($0)) }
            print(status.description)
        } else if let process {
            print("The cluster is running (process \(process))\(answers ? "" : ", but does not answer").")
            if answers { printUse(home) }
        } else {
            print("The cluster is not running. Start it with: apus-lab up")
        }
        if !answers { exit(process == nil ? 3 : 4) }
    }

    private static func logs(follows: Bool) throws {
        let path = LabHome().log
        guard Files.exists(path) else {
            throw MeshError(
                .notFound,
                "there is no \(path): the cluster has not been started. Start it with: apus-lab up"
            )
        }
        let file = OwnedDescriptor(adopting: try systemCall("open") { unsafe open(path, O_RDONLY | O_CLOEXEC) })
        let descriptor = file.raw
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try systemCall("read") { unsafe read(descriptor, &chunk, chunk.count) }
            if count > 0 {
                try systemCall("write") { unsafe write(1, chunk, count) }
            } else if follows {
                usleep(200_000)
            } else {
                return
            }
        }
    }
}
