import Base
import Glibc
import Kubernetes
import Testing

@testable import LabNode

/// A directory for one test.
private func withDirectory(_ body: (String) throws -> Void) throws {
    let directory = "/var/tmp/apus-node-test.\(UInt64.random(in: 0 ... .max))"
    try Files.makeDirectory(directory)
    defer { FilePath.removeTree(directory) }
    try body(directory)
}

@Suite struct AtomicDirectoryTests {
    @Test func `all files change at once, and those not wanted any more go`() throws {
        try withDirectory { path in
            let directory = AtomicDirectory(path: path)
            try directory.replace(with: ["a": .init(bytes: [1]), "deep/b": .init(bytes: [2], mode: 0o600)])
            #expect(try Files.read("\(path)/a") == [1])
            #expect(try Files.read("\(path)/deep/b") == [2])
            let version = FilePath.linkTarget(of: "\(path)/..data")
            try directory.replace(with: ["a": .init(bytes: [1]), "deep/b": .init(bytes: [2], mode: 0o600)])
            #expect(FilePath.linkTarget(of: "\(path)/..data") == version, "nothing changed")
            try directory.replace(with: ["a": .init(bytes: [3])])
            #expect(try Files.read("\(path)/a") == [3])
            #expect(!Files.exists("\(path)/deep"))
            #expect(FilePath.entries(of: path).count == 3, "a, ..data and one version")
        }
    }
}

@Suite struct ContainerLogTests {
    private func text(_ path: String, _ change: (inout LogOptions) -> Void = { _ in }) -> String {
        var options = LogOptions()
        change(&options)
        return String(decoding: ContainerLogReader(path: path, options: options).present().text, as: UTF8.self)
    }

    @Test func `keeps lines, times and streams, and gives back what is asked for`() throws {
        try withDirectory { directory in
            let path = "\(directory)/log"
            let writer = try ContainerLogWriter(path: path)
            let time = Timestamp(seconds: 1_700_000_000)
            writer.append(Array("one\ntw".utf8), stream: 0, at: time)
            writer.append(Array("oops\n".utf8), stream: 1, at: time)
            writer.append(Array("o\nrest".utf8), stream: 0, at: time + .seconds(60))
            #expect(text(path) == "one\noops\ntwo\n")
            writer.finish()
            #expect(text(path) == "one\noops\ntwo\nrest")
            #expect(text(path) { $0.tailLines = 2 } == "two\nrest")
            #expect(text(path) { $0.tailLines = 0 } == "")
            #expect(text(path) { $0.sinceTime = "2023-11-14T22:14:00Z" } == "two\nrest")
            #expect(text(path) { $0.timestamps = true }.hasPrefix("2023-11-14T22:13:20.000000000Z one\n"))
        }
    }

    @Test func `never grows beyond twice its limit, and cuts long lines`() throws {
        try withDirectory { directory in
            let path = "\(directory)/log"
            let writer = try ContainerLogWriter(path: path, limit: 100_000)
            for number in 0..<1000 {
                writer.append(Array("line \(number) \(String(repeating: "x", count: 300))\n".utf8), stream: 0)
            }
            writer.append([UInt8](repeating: 0x79, count: 40_000), stream: 0)
            let sizes = try [path, path + ".1"].map { try Files.read($0).count }
            #expect(sizes.allSatisfy { $0 <= 100_000 })
            #expect(text(path) { $0.tailLines = 3 }.contains("yyyy"))
        }
    }
}

@Suite struct OutputMergerTests {
    @Test func `pieces wait for their taker, in order, and the end is told`() async {
        let merger = OutputMerger()
        let producer = Task {
            for number in 0..<100 { await merger.put(.stdout([UInt8(number)])) }
            merger.finish()
        }
        var bytes: [UInt8] = []
        while case .stdout(let piece)? = await merger.next() { bytes += piece }
        #expect(bytes == (0..<100).map { UInt8($0) })
        await producer.value
        #expect(await merger.next() == nil)
        await merger.put(.stderr([1]))  // Nobody takes it: it returns all the same.
    }
}
