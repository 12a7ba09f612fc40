/// A value of the file after parsing and substitution, with its place and its path.
struct DocumentNode: Sendable {
    enum Content: Sendable {
        /// `null`, `~`, nothing at all, or a substitution whose default is empty.
        case null
        case scalar(DocumentScalar)
        case sequence([DocumentNode])
        case mapping([DocumentEntry])
        /// Something that has been reported already: whoever meets it says nothing more.
        case invalid
    }

    var content: Content
    var position: DocumentPosition
    /// Such as `http.max_body`.
    var path: String

    /// What stands here, in words for a message. The value itself is given only if it is short and not from outside.
    var found: String {
        switch self.content {
        case .null: "nothing"
        case .scalar(let scalar): scalar.found
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .invalid: "an invalid value"
        }
    }
}
