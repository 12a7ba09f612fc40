/// A place in the file; line and column count from 1, columns in Unicode scalars.
struct DocumentPosition: Hashable, Sendable, Comparable {
    var line: Int
    var column: Int

    static let start = DocumentPosition(line: 1, column: 1)

    static func < (left: DocumentPosition, right: DocumentPosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}
