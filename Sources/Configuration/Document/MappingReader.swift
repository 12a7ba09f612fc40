/// Reads one mapping of the document key by key, and at the end names the keys that nobody asked for.
///
/// Every `read` function returns nil when the key is absent or null (the caller's default counts) and also when its value
/// is wrong, which it has reported then. ``finish()`` has to be called last.
struct MappingReader {
    /// What a value of an unbuilt feature may be without asking for anything, besides null, false and empty.
    private static let offWords: Set<String> = ["false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"]

    let problems: ProblemSink
    /// Where to report something that concerns the mapping as a whole.
    let position: DocumentPosition
    let path: String
    /// The entries in the order of the file.
    let entries: [DocumentEntry]
    /// Whether there is a mapping or nothing; anything else has been reported.
    private let isReadable: Bool
    private var known: [String] = []

    init(_ node: DocumentNode, problems: ProblemSink) {
        self.problems = problems
        self.position = node.position
        self.path = node.path
        switch node.content {
        case .mapping(let entries):
            self.entries = entries
            self.isReadable = true
        case .null:
            self.entries = []
            self.isReadable = true
        case .invalid:
            self.entries = []
            self.isReadable = false
        case .scalar, .sequence:
            problems.problem(node, "expected a mapping of keys to values, found \(node.found)")
            self.entries = []
            self.isReadable = false
        }
    }

    /// Whether `key` is absent or null; false when it, or what should be this mapping, has been reported already.
    func lacks(_ key: String) -> Bool {
        guard self.isReadable else { return false }
        guard let entry = self.entries.first(where: { $0.key == key }) else { return true }
        if case .null = entry.value.content { return true }
        return false
    }

    /// Whether `key` is there and null, for values that null takes away.
    func isNull(_ key: String) -> Bool {
        guard let entry = self.entries.first(where: { $0.key == key }) else { return false }
        if case .null = entry.value.content { return true }
        return false
    }

    /// Whether `key` is there and says false or off, for values that this takes away.
    func isOff(_ key: String) -> Bool {
        guard case .scalar(let scalar) = self.entries.first(where: { $0.key == key })?.value.content else {
            return false
        }
        return scalar.boolean == false
    }

    /// Reports each key that was not asked for.
    func finish() {
        for entry in self.entries where !self.known.contains(entry.key) {
            let hint: String
            if let meant = EditDistance.nearest(to: entry.key, among: self.known) {
                hint = "did you mean \(meant)?"
            } else {
                hint = "expected one of: \(self.known.joined(separator: ", "))"
            }
            self.problems.unknown(entry, "unknown key; \(hint)")
        }
    }

    // MARK: - Any value

    /// The entry for `key`, if it has a value other than null.
    mutating func entry(_ key: String) -> DocumentEntry? {
        if !self.known.contains(key) { self.known.append(key) }
        guard let entry = self.entries.first(where: { $0.key == key }) else { return nil }
        self.problems.seen(entry.value)
        switch entry.value.content {
        case .null, .invalid: return nil
        case .scalar, .sequence, .mapping: return entry
        }
    }

    /// A reader for the mapping at `key`; an empty one when there is none.
    mutating func mapping(_ key: String) -> MappingReader {
        let path = self.path.isEmpty ? key : "\(self.path).\(key)"
        let none = DocumentNode(content: .null, position: self.position, path: path)
        return MappingReader(self.entry(key)?.value ?? none, problems: self.problems)
    }

    /// The elements of the list at `key`.
    mutating func list(_ key: String, of what: String) -> [DocumentNode]? {
        guard let entry = self.entry(key) else { return nil }
        guard case .sequence(let nodes) = entry.value.content else {
            self.problems.problem(entry.value, "expected a list of \(what), found \(entry.value.found)")
            return nil
        }
        return nodes
    }

    /// The list at `key` with each element parsed; elements that are wrong are reported and left out.
    mutating func list<Value>(
        _ key: String, of what: String, _ parse: (DocumentScalar) throws(ValueError) -> Value
    ) -> [Value]? {
        self.list(key, of: what)?.compactMap { self.problems.value(of: $0, parse) }
    }

    /// The scalar at `key`, parsed. A `secret` value is never repeated in a message.
    mutating func value<Value>(
        _ key: String, secret: Bool = false, _ parse: (DocumentScalar) throws(ValueError) -> Value
    ) -> Value? {
        self.entry(key).flatMap { self.problems.value(of: $0.value, secret: secret, parse) }
    }

    // MARK: - Features that are not built yet

    /// Accepts a value that asks for nothing (null, false, off, an empty list or mapping, one of `neutral`), refuses any
    /// other. The value is never repeated: addresses of databases hold passwords.
    mutating func unavailable(_ key: String, neutral: [String] = []) {
        guard let entry = self.entry(key) else { return }
        switch entry.value.content {
        case .null, .invalid: return
        case .sequence(let nodes) where nodes.isEmpty: return
        case .mapping(let entries) where entries.isEmpty: return
        case .scalar(let scalar) where Self.offWords.contains(scalar.text) || neutral.contains(scalar.text): return
        case .scalar, .sequence, .mapping:
            let accepted = neutral.isEmpty ? "set it to null" : "set it to \(neutral.joined(separator: " or "))"
            self.problems.problem(
                at: entry.position, path: entry.value.path, "not available yet: leave \(key) out or \(accepted)")
        }
    }

    /// Checks a value that only tunes a feature which is not built yet, and says that it has no effect.
    mutating func tuning<Value>(_ key: String, _ parse: (DocumentScalar) throws(ValueError) -> Value) {
        guard let entry = self.entry(key), self.problems.value(of: entry.value, parse) != nil else { return }
        self.problems.notice(
            at: entry.position, path: entry.value.path, "has no effect yet: what it tunes is not available")
    }
}

extension ProblemSink {
    /// `node` as a scalar, parsed; nil when it is not one or is wrong, which has been reported then.
    func value<Value>(
        of node: DocumentNode, secret: Bool = false, _ parse: (DocumentScalar) throws(ValueError) -> Value
    ) -> Value? {
        switch node.content {
        case .scalar(let scalar):
            do {
                return try parse(scalar)
            } catch {
                self.problem(node, secret ? error.message : "\(error.message), found \(scalar.found)")
                return nil
            }
        case .invalid: return nil
        case .null, .sequence, .mapping:
            // A parser says what it wants when it is given nothing.
            let nothing = DocumentScalar(text: "", isQuoted: true, isSubstituted: false)
            var expectation = "expected a single value"
            do {
                _ = try parse(nothing)
            } catch {
                expectation = error.message
            }
            self.problem(node, "\(expectation), found \(node.found)")
            return nil
        }
    }
}
