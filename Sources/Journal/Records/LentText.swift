/// The bytes of a text that somebody lends: only while they stay where they are may this be used.
// SAFETY: whoever hands one out says how long the memory stays; nothing here writes or keeps it.
@safe @frozen
public struct LentText {
    @usableFromInline let start: UnsafeRawPointer?
    /// How many bytes there are.
    public let count: Int

    /// `bytes` must stay for as long as this value is used.
    @inlinable
    public init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.start = bytes.baseAddress
        self.count = bytes.count
    }

    @inlinable
    public var isEmpty: Bool { self.count == 0 }

    /// The bytes themselves; valid no longer than this value.
    @inlinable
    public var bytes: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: self.start, count: self.count)
    }

    /// A copy.
    @inlinable
    public var array: [UInt8] { unsafe Array(self.bytes) }
}
