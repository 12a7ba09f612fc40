import Yams

/// Turns the text of a file into ``DocumentNode``s: YAML, substitution, repeated keys.
///
/// The only place that knows the YAML library. Its own limits (depth, number of values) keep a file with nested aliases
/// from costing more than its size promises.
struct DocumentParser {
    private static let depthLimit = 32
    private static let nodeLimit = 100_000

    /// Nil for another program's file: its texts stay as they are, and its merge keys are followed.
    let substitution: Substitution?
    let problems: ProblemSink
    private var nodesLeft = DocumentParser.nodeLimit
    private var mask = DuplicateKeyMask(text: "")

    init(substitution: Substitution?, problems: ProblemSink) {
        self.substitution = substitution
        self.problems = problems
    }

    /// The root of the only document in `text`, or nil when it cannot be parsed (which is reported then).
    mutating func parse(_ text: String) -> DocumentNode? {
        // A byte order mark is no character of the document and would shift the columns of its first line.
        self.mask = DuplicateKeyMask(
            text: text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text)
        while true {
            do {
                let root = try Parser(yaml: self.mask.text, encoding: .utf8).singleRoot()
                guard let root else { return DocumentNode(content: .null, position: .start, path: "") }
                return self.convert(root, path: "", depth: 0)
            } catch let YamlError.duplicatedKeysInMapping(duplicates, context) {
                let position = DocumentPosition(context.mark)
                guard let key = duplicates.first, self.mask.mask(key, at: position) else {
                    let shown = DocumentScalar.quoted(duplicates.first ?? "")
                    self.problems.problem(at: position, path: "", "the key \(shown) is given more than once")
                    return nil
                }
            } catch {
                self.report(error)
                return nil
            }
        }
    }

    private func report(_ error: any Error) {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _),
            YamlError.parser(let context, let problem, let mark, _),
            YamlError.composer(let context, let problem, let mark, _):
            // The parser puts the end of the text into a line of its own.
            let position = min(DocumentPosition(mark), DocumentPosition(characterOffset: .max, in: self.mask.text))
            let context = context.map { context in
                let line = context.mark.line < position.line ? " (line \(context.mark.line))" : ""
                return "\(context.text.trimmed)\(line), "
            }
            self.problems.problem(at: position, path: "", "not valid YAML: \(context ?? "")\(problem)")
        case YamlError.reader(let problem, let offset, _, let yaml):
            let position = offset.map { DocumentPosition(characterOffset: $0, in: yaml) } ?? .start
            self.problems.problem(at: position, path: "", "not valid YAML: \(problem)")
        default:
            self.problems.problem(at: .start, path: "", "not valid YAML")
        }
    }

    private mutating func convert(_ node: Node, path: String, depth: Int) -> DocumentNode {
        let position = node.mark.map(DocumentPosition.init) ?? .start
        var result = DocumentNode(content: .invalid, position: position, path: path)
        guard depth <= Self.depthLimit else {
            self.problems.problem(result, "nested too deeply")
            return result
        }
        self.nodesLeft -= 1
        guard self.nodesLeft >= 0 else {
            if self.nodesLeft == -1 {
                self.problems.problem(result, "the file holds more than \(Self.nodeLimit) values, aliases counted")
            }
            return result
        }
        switch node {
        case .scalar(let scalar):
            result.content = self.convert(scalar, at: result)
        case .sequence(let sequence):
            var nodes: [DocumentNode] = []
            for (index, element) in sequence.enumerated() where self.nodesLeft >= 0 {
                nodes.append(self.convert(element, path: "\(path)[\(index)]", depth: depth + 1))
            }
            result.content = .sequence(nodes)
        case .mapping(let mapping):
            result.content = .mapping(self.convert(mapping, path: path, depth: depth))
        case .alias:
            self.problems.problem(result, "an alias without its anchor")
        }
        return result
    }

    private func convert(_ scalar: Node.Scalar, at node: DocumentNode) -> DocumentNode.Content {
        let tag = scalar.tag.rawValue
        guard tag.isEmpty || tag == "!" || tag == Tag.Name.str.rawValue else {
            self.problems.problem(node, "expected no YAML tag")
            return .invalid
        }
        let isQuoted = scalar.style != .plain || !tag.isEmpty
        if !isQuoted, ["", "~", "null", "Null", "NULL"].contains(scalar.string) { return .null }
        guard let substitution else {
            return .scalar(DocumentScalar(text: scalar.string, isQuoted: isQuoted, isSubstituted: false))
        }
        let outcome = substitution.apply(to: scalar.string)
        guard outcome.problems.isEmpty else {
            for problem in outcome.problems {
                self.problems.problem(node, problem)
            }
            return .invalid
        }
        // `${NAME:-}` is how a file says "if there is one".
        if outcome.usedDefault, outcome.text.isEmpty { return .null }
        return .scalar(
            DocumentScalar(text: outcome.text, isQuoted: isQuoted, isSubstituted: outcome.isSubstituted))
    }

    private mutating func convert(_ mapping: Node.Mapping, path: String, depth: Int) -> [DocumentEntry] {
        var entries: [DocumentEntry] = []
        var lines: [String: Int] = [:]
        var merged: [DocumentNode] = []
        for (keyNode, valueNode) in mapping where self.nodesLeft >= 0 {
            let position = keyNode.mark.map(DocumentPosition.init) ?? .start
            guard case .scalar(let scalar) = keyNode else {
                self.problems.problem(at: position, path: path, "expected text as a key, not a list or mapping")
                continue
            }
            let key = self.mask.original(at: position) ?? scalar.string
            let keyPath = Self.path(path, key)
            if key == "<<", scalar.style == .plain {
                if self.substitution == nil {
                    merged.append(self.convert(valueNode, path: path, depth: depth + 1))
                    continue
                }
                self.problems.problem(at: position, path: keyPath, "merge keys are not supported; repeat the entries")
                continue
            }
            let value = self.convert(valueNode, path: keyPath, depth: depth + 1)
            if let line = lines[key] {
                self.problems.problem(
                    at: position, path: keyPath, "the key is given more than once; it stands in line \(line) already")
                continue
            }
            lines[key] = position.line
            entries.append(DocumentEntry(key: key, position: position, value: value))
        }
        for node in merged {
            var mappings = [node]
            if case .sequence(let nodes) = node.content { mappings = nodes }
            for case .mapping(let others) in mappings.map(\.content) {
                entries += others.filter { other in lines.updateValue(0, forKey: other.key) == nil }
            }
        }
        return entries
    }

    /// `path` with `key` added; a key that would not be recognised in a message is quoted.
    private static func path(_ path: String, _ key: String) -> String {
        let isSimple =
            !key.isEmpty && key.utf8.count <= 100
            && key.unicodeScalars.allSatisfy { $0 != "\"" && $0.value > 0x20 && $0.value < 0x7F }
        let shown = isSimple ? key : DocumentScalar.quoted(key)
        return path.isEmpty ? shown : "\(path).\(shown)"
    }
}

extension DocumentPosition {
    fileprivate init(_ mark: Mark) {
        self.init(line: mark.line, column: mark.column)
    }

    /// The place of a character counted from the start of `text`.
    fileprivate init(characterOffset: Int, in text: String) {
        let end = text.index(text.startIndex, offsetBy: characterOffset, limitedBy: text.endIndex) ?? text.endIndex
        var position = DocumentPosition.start
        for scalar in text[..<end].unicodeScalars {
            position =
                scalar == "\n"
                ? .init(line: position.line + 1, column: 1) : .init(line: position.line, column: position.column + 1)
        }
        self = position
    }
}

extension String {
    fileprivate var trimmed: Substring {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
