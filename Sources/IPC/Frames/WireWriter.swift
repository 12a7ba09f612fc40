/// Writes the fields of a message: big-endian integers, and byte strings with a 32-bit length before them.
public struct WireWriter {
    public private(set) var bytes: [UInt8] = []

    public init(reserving capacity: Int = 0) {
        if capacity > 0 { self.bytes.reserveCapacity(capacity) }
    }

    /// Forgets what was written and keeps the memory.
    public mutating func reset() {
        self.bytes.removeAll(keepingCapacity: true)
    }

    public mutating func write<Integer: FixedWidthInteger>(_ value: Integer) {
        unsafe withUnsafeBytes(of: value.bigEndian) { unsafe self.bytes.append(contentsOf: $0) }
    }

    public mutating func write(_ value: Bool) {
        self.bytes.append(value ? 1 : 0)
    }

    /// At most 4 GiB; longer input is cut there, which no caller can reach.
    public mutating func write(_ value: [UInt8]) {
        self.write(UInt32(clamping: value.count))
        self.bytes.append(contentsOf: value)
    }

    public mutating func write(_ value: String) {
        let utf8 = value.utf8
        self.write(UInt32(clamping: utf8.count))
        self.bytes.append(contentsOf: utf8)
    }

    public mutating func write<Element>(list: [Element], _ each: (inout WireWriter, Element) -> Void) {
        self.write(UInt32(clamping: list.count))
        for element in list { each(&self, element) }
    }

    public mutating func write<Value>(optional value: Value?, _ body: (inout WireWriter, Value) -> Void) {
        self.write(value != nil)
        if let value { body(&self, value) }
    }
}
