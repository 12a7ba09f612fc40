/// Makes record ids for one process instance. The milliseconds never go back, whatever the wall clock does.
public struct RecordIDMinter: Sendable {
    private let hostHigh: UInt64
    private let lowBase: UInt64
    private var lastMilliseconds: UInt64 = 0
    private var counter: UInt32 = 0

    /// `host` and `instance` are 24-bit numbers; higher bits are ignored.
    public init(host: UInt32, instance: UInt32) {
        self.hostHigh = UInt64(host >> 8) & 0xFFFF
        self.lowBase = UInt64(host & 0xFF) << 56 | UInt64(instance & 0xFF_FFFF) << 32
    }

    /// The next id; `milliseconds` is the wall clock's reading now.
    public mutating func mint(milliseconds: UInt64) -> RecordID {
        self.lastMilliseconds = max(self.lastMilliseconds, milliseconds & 0xFFFF_FFFF_FFFF)
        self.counter &+= 1
        // The counter has run through all 32 bits: the next millisecond keeps ids apart.
        if self.counter == 0 { self.lastMilliseconds &+= 1 }
        return RecordID(
            high: self.lastMilliseconds << 16 | self.hostHigh, low: self.lowBase | UInt64(self.counter))
    }
}
