/// Puts environment variables and files into the scalars of a document.
///
/// `${NAME}`, `${NAME:-default}` (used when the variable is unset or empty) and `${file:/path}`; `$${` stands for `${`.
/// What is put in is not looked at again, so a value cannot bring in another one.
struct Substitution {
    /// The largest file that `${file:…}` takes, in bytes.
    static let fileLimit = 64 << 10

    struct Outcome {
        var text: String
        /// Whether anything was put in.
        var isSubstituted: Bool
        /// Whether a default was used.
        var usedDefault: Bool
        var problems: [String]
    }

    let environment: [String: String]
    let readFile: BoundedFile.Reader

    func apply(to text: String) -> Outcome {
        var outcome = Outcome(text: text, isSubstituted: false, usedDefault: false, problems: [])
        let bytes = Array(text.utf8)
        let dollar = UInt8(ascii: "$")
        let brace = UInt8(ascii: "{")
        var output: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let next = bytes[index...].prefix(3)
            if next.starts(with: [dollar, dollar, brace]) {
                output += [dollar, brace]
                index += 3
            } else if next.starts(with: [dollar, brace]) {
                guard let end = bytes[index...].firstIndex(of: UInt8(ascii: "}")) else {
                    outcome.problems.append("expected a closing } after ${; write $${ for a plain ${")
                    return outcome
                }
                let reference = String(decoding: bytes[(index + 2)..<end], as: UTF8.self)
                output += self.value(of: reference, &outcome).utf8
                index = end + 1
            } else {
                output.append(bytes[index])
                index += 1
            }
        }
        outcome.text = String(decoding: output, as: UTF8.self)
        return outcome
    }

    private func value(of reference: String, _ outcome: inout Outcome) -> String {
        outcome.isSubstituted = true
        if reference.hasPrefix("file:") {
            return self.contents(of: String(reference.dropFirst("file:".count)), &outcome)
        }
        var name = Substring(reference)
        var fallback: Substring?
        if let separator = reference.firstRange(of: ":-") {
            name = reference[..<separator.lowerBound]
            fallback = reference[separator.upperBound...]
        }
        guard Self.isName(name), fallback?.contains("${") != true else {
            outcome.problems.append("expected ${NAME}, ${NAME:-default} or ${file:/path} with nothing nested in it")
            return ""
        }
        let value = self.environment[String(name)]
        if let fallback {
            guard let value, !value.isEmpty else {
                outcome.usedDefault = true
                return String(fallback)
            }
            return value
        }
        guard let value else {
            outcome.problems.append(
                "the environment variable \(name) is not set; ${\(name):-default} would give it a default")
            return ""
        }
        return value
    }

    private func contents(of path: String, _ outcome: inout Outcome) -> String {
        let shown = DocumentScalar.quoted(path)
        guard path.hasPrefix("/") else {
            outcome.problems.append("expected an absolute path in ${file:…}, found \(shown)")
            return ""
        }
        do {
            var bytes = try self.readFile(path, Self.fileLimit)
            guard bytes.count <= Self.fileLimit else {
                outcome.problems.append("the file \(shown) is larger than 64KB")
                return ""
            }
            if bytes.last == UInt8(ascii: "\n") {
                bytes.removeLast()
                if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                outcome.problems.append("the file \(shown) is not UTF-8 text")
                return ""
            }
            return text
        } catch {
            outcome.problems.append("the file \(shown) cannot be read: \(error.reason)")
            return ""
        }
    }

    private static func isName(_ name: Substring) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default:
                false
            }
        }
    }
}
