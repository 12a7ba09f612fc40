/// A catalogue of models as it is stored: the one in force, or one that was read and waits to be applied.
public struct CatalogueRecord: Hashable, Sendable {
    /// Everything but the models.
    public struct Head: Hashable, Sendable {
        /// SHA-256 of `body`: the same for the same models, wherever they come from.
        public var digest: [UInt8]
        public var models: Int64
        /// The file or the URL.
        public var source: String
        /// What of the source was not used: JSON.
        public var notes: [UInt8]
        /// Milliseconds since 1970: when the source said so first, and last.
        public var read: UInt64
        public var checked: UInt64
        /// The entity tag that the URL's server gave.
        public var tag: String?
        /// When it was put in force, and by whom (as in the audit log); nil for one that waits.
        public var applied: UInt64?
        public var actor: String?
        public var actorName: String?

        public init(
            digest: [UInt8], models: Int64, source: String, notes: [UInt8], read: UInt64, checked: UInt64,
            tag: String? = nil, applied: UInt64? = nil, actor: String? = nil, actorName: String? = nil
        ) {
            self.digest = digest
            self.models = models
            self.source = source
            self.notes = notes
            self.read = read
            self.checked = checked
            self.tag = tag
            self.applied = applied
            self.actor = actor
            self.actorName = actorName
        }
    }

    public var head: Head
    /// The models, as control packs them.
    public var body: [UInt8]

    public init(_ head: Head, body: [UInt8]) {
        self.head = head
        self.body = body
    }
}
