/// Collects what is wrong while a document is read, so that all of it is reported at once.
///
/// Owned by one loader call and used on its thread only.
final class ProblemSink {
    private let file: String
    private var found: [(position: DocumentPosition, problem: ConfigurationProblem)] = []
    private(set) var notices: [String] = []
    /// Where the value of each key that was asked for stands, by its path.
    private(set) var positions: [String: DocumentPosition] = [:]
    /// Where each provider, alias and price is named.
    private(set) var definitions: [ObjectName: DocumentPosition] = [:]
    /// Problems that are members nobody knows, by their paths.
    private(set) var unknown: Set<String> = []

    init(file: String) {
        self.file = file
    }

    /// All problems in the order of the file.
    var problems: [ConfigurationProblem] {
        self.found.enumerated()
            .sorted { ($0.element.position, $0.offset) < ($1.element.position, $1.offset) }
            .map(\.element.problem)
    }

    func problem(at position: DocumentPosition, path: String, _ message: String) {
        let problem = ConfigurationProblem(
            file: self.file, line: position.line, column: position.column, path: path, message: message)
        self.found.append((position, problem))
    }

    func problem(_ node: DocumentNode, _ message: String) {
        self.problem(at: node.position, path: node.path, message)
    }

    func seen(_ node: DocumentNode) {
        self.positions[node.path] = node.position
    }

    func defined(_ entry: DocumentEntry, _ kind: ObjectKind) {
        self.definitions[ObjectName(kind, entry.key)] = entry.position
    }

    /// A key that means nothing here.
    func unknown(_ entry: DocumentEntry, _ message: String) {
        self.unknown.insert(entry.value.path)
        self.problem(at: entry.position, path: entry.value.path, message)
    }

    /// What was found in the environment instead of the file.
    func add(problems: [ConfigurationProblem], notices: [String]) {
        self.found += problems.map { (.start, $0) }
        self.notices += notices
    }

    /// A notice about the file as a whole.
    func notice(_ message: String) {
        self.notices.append("\(self.file): \(message)")
    }

    func notice(at position: DocumentPosition, path: String, _ message: String) {
        self.notices.append("\(self.file):\(position.line):\(position.column): \(path): \(message)")
    }
}
