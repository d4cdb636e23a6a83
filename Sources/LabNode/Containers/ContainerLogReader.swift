internal import Base
internal import Kubernetes

/// Picks from a container's log what a user asks for.
struct ContainerLogReader: Sendable {
    let path: String
    let options: LogOptions

    /// One line of the log.
    struct Line: Sendable, Hashable {
        let time: Timestamp?
        /// As the log has it, in RFC 3339.
        let timeText: ArraySlice<UInt8>
        /// Whether its end is the end of what the container printed as one line.
        let isWhole: Bool
        let text: ArraySlice<UInt8>

        /// Reads `<time> <stream> <F|P> <text>`; nil for anything else.
        init?(_ line: ArraySlice<UInt8>) {
            let space = UInt8(ascii: " ")
            guard let first = line.firstIndex(of: space), let second = line[(first + 1)...].firstIndex(of: space),
                let third = line[(second + 1)...].firstIndex(of: space)
            else { return nil }
            timeText = line[..<first]
            time = Timestamp(String(decoding: timeText, as: UTF8.self))
            isWhole = line[(second + 1)..<third].elementsEqual("F".utf8)
            text = line[(third + 1)...]
        }
    }

    /// What is there already.
    ///
    /// - Returns: The text for the user, and where in the file to go on.
    func present() -> (text: [UInt8], offset: Int) {
        let current = (try? Files.read(path)) ?? []
        var bytes = current
        if options.tailLines == nil || current.count < 1 << 20 {
            bytes = ((try? Files.read(path + ".1")) ?? []) + current
        }
        let end = current.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return (format(bytes), end)
    }

    /// The text for the user that a piece of the log stands for.
    func format(_ bytes: [UInt8], isFirst: Bool = true) -> [UInt8] {
        var lines = bytes.split(separator: UInt8(ascii: "\n")).compactMap(Line.init)
        if let earliest { lines.removeAll { ($0.time ?? earliest) < earliest } }
        if isFirst, let count = options.tailLines { lines = Array(lines.suffix(max(0, count))) }
        var text: [UInt8] = []
        var isAtStart = true
        for line in lines {
            if options.timestamps, isAtStart { text += line.timeText + " ".utf8 }
            text += line.text
            if line.isWhole { text.append(UInt8(ascii: "\n")) }
            isAtStart = line.isWhole
        }
        return text
    }

    private var earliest: Timestamp? {
        if let seconds = options.sinceSeconds { return Timestamp.now + .seconds(-seconds) }
        return options.sinceTime.flatMap { Timestamp($0) }
    }
}
