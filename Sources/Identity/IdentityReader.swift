public import Cryptography
public import KeyValue

/// Looks keys up for an edge: by their SHA-256 digest, in the newest commit of control, without a lock or a copy.
///
/// Lives on one event loop; one per process and file. A look-up costs about half a microsecond and allocates nothing.
/// `refresh()`, called about once a second, opens the table and opens it again where control has made a new file.
public final class IdentityReader {
    /// The table's file.
    public let path: String
    private var reader: KeyValueReader?

    /// Opens nothing yet: the first `refresh()` does.
    public init(stateDirectory: String) {
        self.path = IdentityTable.path(stateDirectory: stateDirectory)
    }

    /// Whether a table is open, and look-ups can succeed.
    public var isOpen: Bool { self.reader != nil }

    /// Opens the table where it is not open or its name stands for another file by now. Costs one stat(2) otherwise; may
    /// wait up to 5 seconds (normally no time) for a process that holds the table's lock.
    ///
    /// Throws when there is no table or it cannot be read; the next call tries again.
    public func refresh() throws(KeyValueError) {
        if let reader = self.reader, !reader.isReplaced { return }
        // The old one goes first: LMDB's locks belong to the process, not to the object.
        self.reader = nil
        let opened = try KeyValueReader(path: self.path)
        let meta = unsafe IdentityMeta.key.withUnsafeBytes { key in
            Result { () throws(KeyValueError) in
                unsafe try opened.withValue(of: key) { (_, value) in unsafe IdentityMeta(decoding: Array(value)) }
            }
        }
        guard case .some(.some) = try meta.get() else { throw IdentityTable.unknownFormat(self.path) }
        self.reader = opened
    }

    /// The row of the key with `digest`; nil when there is no such key. Whether the key is good is another question
    /// (`IdentityRow.isGood`).
    ///
    /// Throws when no table is open or its file is damaged.
    public func row(for digest: Digest) throws(KeyValueError) -> IdentityRow? {
        guard let reader = self.reader else {
            throw KeyValueError(
                path: self.path, operation: "read", code: 0, message: "the table is not open", fault: .file)
        }
        let found = unsafe digest.withBytes { key in
            Result { () throws(KeyValueError) -> Found? in
                unsafe try reader.withValue(of: key) { (stored, value) in
                    // The tree was searched with an ordinary comparison; what it found is compared once more, in a time that
                    // says nothing.
                    guard unsafe digest.isEqual(to: stored) else { return .other }
                    return unsafe IdentityRow(decoding: value).map { .row($0) } ?? .damaged
                }
            }
        }
        switch try found.get() {
        case nil, .other: return nil
        case .row(let row): return row
        case .damaged:
            throw KeyValueError(
                path: self.path, operation: "read", code: 0, message: "a row of the table is damaged", fault: .file)
        }
    }

    private enum Found {
        case row(IdentityRow)
        case other
        case damaged
    }
}
