import Domain

/// The bytes by which an `Interner` knows a row, gathered in one buffer: parts with their lengths, or plain numbers.
// SAFETY: the buffer is allocated once and freed in deinit; every write is checked against `capacity`.
@safe
final class InternKey {
    /// Enough for four texts of the longest kind.
    static let capacity = 4 * (maximumText + 8)
    /// Bytes of a text that are kept; the rest is cut off.
    static let maximumText = 1024

    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 8)
    private(set) var count = 0

    init() {
        unsafe self.buffer.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit {
        unsafe self.buffer.deallocate()
    }

    /// Starts a new key.
    @inline(__always)
    func clear() {
        self.count = 0
    }

    @inline(__always)
    func append(_ number: UInt64) {
        guard self.count + 8 <= Self.capacity else { return }
        unsafe self.buffer.storeBytes(of: number, toByteOffset: self.count, as: UInt64.self)
        self.count &+= 8
    }

    @inline(__always)
    func append(text: UnsafeRawBufferPointer) {
        let length = min(text.count, Self.maximumText)
        self.append(UInt64(length))
        guard self.count + length <= Self.capacity else { return }
        if length > 0, let source = text.baseAddress, let start = unsafe self.buffer.baseAddress {
            unsafe (start + self.count).copyMemory(from: source, byteCount: length)
        }
        // Padded, so that the next number is aligned; the padding is no part of any text, because lengths are.
        let padded = (length + 7) & ~7
        var place = self.count + length
        while place < self.count + padded, place < Self.capacity {
            unsafe self.buffer[place] = 0
            place += 1
        }
        self.count = min(self.count + padded, Self.capacity)
    }

    /// A number that differs for different keys almost always.
    @inline(__always)
    var hash: UInt64 {
        var hash: UInt64 = 0x9E37_79B9_7F4A_7C15
        var place = 0
        while place + 8 <= self.count {
            let word = unsafe self.buffer.load(fromByteOffset: place, as: UInt64.self)
            let product = (hash ^ word).multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
            hash = product.high ^ product.low
            place += 8
        }
        return hash
    }

    /// The key; valid until the next change.
    @unsafe var bytes: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: self.buffer.baseAddress, count: self.count)
    }
}
