/// Takes the keys of a mapping of another program's file one by one; what nobody took is named at the end.
struct ImportReader {
    /// Values that ask for nothing, so that nothing is lost with them.
    private static let neutral: Set<String> = [
        "false", "False", "FALSE", "no", "No", "off", "Off", "none", "None", "", "0",
    ]

    let node: DocumentNode
    let sink: ImportSink
    /// What `environment_variables` of the file says.
    let variables: [String: String]
    private let entries: [DocumentEntry]
    private var taken: Set<String> = []

    init(_ node: DocumentNode, _ sink: ImportSink, variables: [String: String] = [:]) {
        self.node = node
        self.sink = sink
        self.variables = variables
        switch node.content {
        case .mapping(let entries): self.entries = entries
        case .null: self.entries = []
        case .scalar, .sequence, .invalid:
            sink.dropped(node, "expected a mapping of keys to values")
            self.entries = []
        }
    }

    /// The value of a key; nil where it is missing or null.
    mutating func take(_ key: String) -> DocumentNode? {
        self.taken.insert(key)
        guard let value = self.entries.first(where: { $0.key == key })?.value else { return nil }
        switch value.content {
        case .null, .invalid: return nil
        case .scalar, .sequence, .mapping: return value
        }
    }

    mutating func mapping(_ key: String) -> ImportReader {
        let path = self.node.path.isEmpty ? key : "\(self.node.path).\(key)"
        let none = DocumentNode(content: .null, position: self.node.position, path: path)
        return ImportReader(self.take(key) ?? none, self.sink, variables: self.variables)
    }

    /// The first of several names of the same thing that is there.
    mutating func text(_ keys: String...) -> ImportedText? {
        var first: ImportedText?
        for key in keys {
            guard let node = self.take(key) else { continue }
            guard case .scalar(let scalar) = node.content else {
                self.sink.dropped(node, "expected a text")
                continue
            }
            guard !scalar.text.isEmpty else { continue }
            first = first ?? ImportedText(scalar.text, at: node, variables: self.variables, self.sink)
        }
        return first
    }

    mutating func flag(_ key: String) -> (value: Bool, node: DocumentNode)? {
        guard let node = self.take(key) else { return nil }
        guard case .scalar(let scalar) = node.content,
            let value = DocumentScalar(text: scalar.text, isQuoted: false, isSubstituted: false).boolean
        else {
            self.sink.dropped(node, "expected true or false")
            return nil
        }
        return (value, node)
    }

    /// A number from 0 on.
    mutating func number(_ key: String) -> (value: ImportedNumber, node: DocumentNode)? {
        guard let node = self.take(key) else { return nil }
        guard case .scalar(let scalar) = node.content, let value = ImportedNumber(scalar.text) else {
            self.sink.dropped(node, "expected a number that is not negative")
            return nil
        }
        return (value, node)
    }

    /// A whole number in `range`.
    mutating func count(_ key: String, _ range: ClosedRange<Int64>) -> (value: Int64, node: DocumentNode)? {
        guard let (number, node) = self.number(key) else { return nil }
        guard let value = number.scaled(by: 0), range.contains(value) else {
            self.sink.dropped(node, "expected a whole number of \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return (value, node)
    }

    /// Seconds, of at most `longest`, in milliseconds; at least one.
    mutating func seconds(_ key: String, atMost longest: Int64) -> (milliseconds: Int64, node: DocumentNode)? {
        guard let (number, node) = self.number(key) else { return nil }
        guard let value = number.scaled(by: 3, rounding: true), (1...(longest * 1000)).contains(value) else {
            self.sink.dropped(node, "expected a time of more than 0 and at most \(longest) seconds")
            return nil
        }
        return (value, node)
    }

    /// Names each key that nobody took and that asks for something.
    func finish(_ reason: (_ key: String) -> String) {
        for entry in self.entries where !self.taken.contains(entry.key) {
            switch entry.value.content {
            case .null, .invalid: continue
            case .scalar(let scalar) where Self.neutral.contains(scalar.text): continue
            case .sequence(let nodes) where nodes.isEmpty: continue
            case .mapping(let entries) where entries.isEmpty: continue
            case .scalar, .sequence, .mapping: self.sink.dropped(entry.value, reason(entry.key))
            }
        }
    }
}
