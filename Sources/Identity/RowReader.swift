import Domain

/// Takes the fields of a row one by one. Reading behind the end gives zeros and is noted in `isShort`, so that a row can be
/// read whole and judged once. Allocates nothing.
///
/// It borrows the bytes: it must not outlive the call that handed out the pointer.
// SAFETY: each access is checked against the buffer's count; only `init` takes the pointer, and is marked unsafe by it.
@safe
struct RowReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    /// Whether more was read than there was.
    private(set) var isShort = false

    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = bytes
    }

    /// Whether everything was read and nothing was missing.
    var isAtEnd: Bool { unsafe !self.isShort && self.position == self.bytes.count }

    /// Bytes not read yet.
    var remaining: Int { unsafe self.bytes.count - self.position }

    @inline(always)
    mutating func next<Integer: FixedWidthInteger>(_ type: Integer.Type) -> Integer {
        guard self.remaining >= MemoryLayout<Integer>.size else {
            self.isShort = true
            return 0
        }
        defer { self.position += MemoryLayout<Integer>.size }
        return unsafe Integer(bigEndian: self.bytes.loadUnaligned(fromByteOffset: self.position, as: Integer.self))
    }

    mutating func nextID() -> EntityID {
        let high = self.next(UInt64.self)
        return EntityID(high: high, low: self.next(UInt64.self))
    }

    mutating func next(count: Int) -> [UInt8] {
        guard self.remaining >= count else {
            self.isShort = true
            return []
        }
        defer { self.position += count }
        return unsafe Array(self.bytes[self.position..<(self.position + count)])
    }
}
