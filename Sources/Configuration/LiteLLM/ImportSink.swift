/// Collects the notes of an import. Owned by one call and used on its thread only.
final class ImportSink {
    private var found: [(position: DocumentPosition, note: ImportNote)] = []

    /// In the order of the file, each once.
    var notes: [ImportNote] {
        var seen: Set<ImportNote> = []
        return self.found.enumerated().sorted { ($0.element.position, $0.offset) < ($1.element.position, $1.offset) }
            .map(\.element.note).filter { seen.insert($0).inserted }
    }

    func dropped(_ node: DocumentNode, _ message: String) { self.add(.dropped, node, message) }

    func changed(_ node: DocumentNode, _ message: String) { self.add(.changed, node, message) }

    private func add(_ kind: ImportNote.Kind, _ node: DocumentNode, _ message: String) {
        let note = ImportNote(
            kind: kind, line: node.position.line, column: node.position.column, path: node.path, message: message)
        self.found.append((node.position, note))
    }
}
