import JSON
import Protobuf
import RegularExpressions
import YAML

@testable import LabNode

extension Parsers {
    static let values: [String: Entry] = [
        "json": json, "yaml": yaml, "protobuf": protobuf, "regex": regex, "quantity": quantity,
    ]

    /// What was written and read is written the same way again.
    private static let json: Entry = { input in
        guard let value = try? JSON(parsing: input) else { return }
        for isPretty in [false, true] {
            let again = try? JSON(parsing: value.bytes(isPretty: isPretty))
            guard again?.bytes() == value.bytes() else { broken("JSON changes") }
        }
    }

    /// What was read is read again from how it is written.
    private static let yaml: Entry = { input in
        let documents = try? YAML.documents(input)
        for document in documents ?? [] {
            let text = YAML.text(document.value)
            guard (try? YAML.value(text))?.bytes() == document.value.bytes() else { broken("YAML changes: \(text)") }
        }
    }

    private static let protobuf: Entry = { input in
        func read(_ message: ProtobufReader, depth: Int) {
            var reader = message
            while let field = try? reader.nextField() {
                _ = try? field.string()
                _ = try? field.mapEntry()
                _ = try? field.number(Int32.self)
                if depth < 4, let inner = try? field.message() { read(inner, depth: depth + 1) }
            }
        }
        read(ProtobufReader(input), depth: 0)
    }

    /// An expression, a text, a substitution: nothing takes long, and what matches whole matches in part.
    private static let regex: Entry = { input in
        var reader = InputReader(input)
        let texts = reader.texts(3)
        guard let expression = try? RegularExpression(texts[0]) else { return }
        let text = Array(texts[1].utf8)
        if expression.matches(text.span), !expression.matches(somewhereIn: text.span) { broken("matches whole only") }
        guard (try? expression.check(substitution: texts[2])) != nil else { return }
        _ = expression.replacingAll(in: text.span, with: texts[2])
    }

    private static let quantity: Entry = { input in
        _ = Quantity(String(decoding: input, as: UTF8.self))
    }
}
