/// One `key: value` of a mapping.
struct DocumentEntry: Sendable {
    var key: String
    var position: DocumentPosition
    var value: DocumentNode
}
