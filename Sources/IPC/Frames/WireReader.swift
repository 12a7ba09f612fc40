/// Reads the fields of a message written by `WireWriter`. Every read is bounds-checked: the bytes come from another
/// process and may be anything.
///
/// It borrows the payload: it must not outlive the call that handed out the pointer.
// SAFETY: each access is checked against the buffer's count; only `init` takes the pointer, and is marked unsafe by it.
@safe
public struct WireReader {
    /// The payload ended early, or a field held a value that its type does not have.
    public struct Malformed: Error {
        public init() {}
    }

    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    public init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = bytes
    }

    /// Bytes not read yet.
    public var remaining: Int { unsafe self.bytes.count - self.offset }

    public mutating func read<Integer: FixedWidthInteger>(_ type: Integer.Type = Integer.self) throws(Malformed)
        -> Integer
    {
        let size = MemoryLayout<Integer>.size
        guard self.remaining >= size else { throw Malformed() }
        defer { self.offset += size }
        return unsafe Integer(bigEndian: self.bytes.loadUnaligned(fromByteOffset: self.offset, as: Integer.self))
    }

    public mutating func readBool() throws(Malformed) -> Bool {
        switch try self.read(UInt8.self) {
        case 0: return false
        case 1: return true
        default: throw Malformed()
        }
    }

    /// A byte string of at most `limit` bytes.
    public mutating func readBytes(limit: Int = WireLimits.frame) throws(Malformed) -> [UInt8] {
        let count = Int(try self.read(UInt32.self))
        guard count <= limit, count <= self.remaining else { throw Malformed() }
        defer { self.offset += count }
        return unsafe Array(self.bytes[self.offset..<(self.offset + count)])
    }

    /// A string that must be valid UTF-8.
    public mutating func readString(limit: Int = WireLimits.frame) throws(Malformed) -> String {
        let bytes = try self.readBytes(limit: limit)
        // Most errors are none.
        if bytes.isEmpty { return "" }
        guard let string = String(validating: bytes, as: UTF8.self) else {
            throw Malformed()
        }
        return string
    }

    /// A list; `minimumSize` is the least number of bytes an element takes, so that a false count reserves nothing.
    public mutating func readList<Element>(
        minimumSize: Int, _ each: (inout WireReader) throws(Malformed) -> Element
    ) throws(Malformed) -> [Element] {
        let count = Int(try self.read(UInt32.self))
        guard count <= self.remaining / max(1, minimumSize) else { throw Malformed() }
        var list: [Element] = []
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(try each(&self)) }
        return list
    }

    public mutating func readOptional<Value>(
        _ body: (inout WireReader) throws(Malformed) -> Value
    ) throws(Malformed) -> Value? {
        try self.readBool() ? try body(&self) : nil
    }

    /// Throws unless everything was read.
    public func finish() throws(Malformed) {
        guard self.remaining == 0 else { throw Malformed() }
    }
}

extension WireReader {
    /// Reads a whole byte array with `body`, which must use it up.
    public static func decode<Value>(
        _ bytes: [UInt8], _ body: (inout WireReader) throws(Malformed) -> Value
    ) throws(Malformed) -> Value {
        let result: Result<Value, Malformed> = unsafe bytes.withUnsafeBytes { pointer in
            do throws(Malformed) {
                var reader = unsafe WireReader(pointer)
                let value = try body(&reader)
                try reader.finish()
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
