import Journal

/// A text that a row is known by: bytes of its own, or lent ones.
protocol RowText {
    var isEmpty: Bool { get }
    var array: [UInt8] { get }
    func append(to key: InternKey)
}

extension LentText: RowText {
    @inline(__always)
    func append(to key: InternKey) { unsafe key.append(text: self.bytes) }
}

extension [UInt8]: RowText {
    var array: [UInt8] { self }

    @inline(__always)
    func append(to key: InternKey) {
        unsafe self.withUnsafeBytes { unsafe key.append(text: $0) }
    }
}
