/// The contents of the instance file: "SLI1", u32 host, u32 counter, u32 zero, big-endian.
public struct InstanceRecord: Hashable, Sendable {
    static let size = 16
    /// Hosts and counters have 24 bits, as record ids do.
    static let limit: UInt32 = 0xFF_FFFF
    private static let magic = Array("SLI1".utf8)

    /// Random number of the host.
    public var host: UInt32
    /// Processes spawned so far with this state folder.
    public var counter: UInt32

    /// Both are cut to 24 bits.
    public init(host: UInt32, counter: UInt32) {
        self.host = host & Self.limit
        self.counter = counter & Self.limit
    }

    /// nil for anything `bytes` does not make.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.size, bytes.starts(with: Self.magic) else { return nil }
        let words = stride(from: 4, to: Self.size, by: 4).map { start in
            bytes[start..<(start + 4)].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        }
        guard words[0] <= Self.limit, words[1] <= Self.limit, words[2] == 0 else { return nil }
        self.init(host: words[0], counter: words[1])
    }

    var bytes: [UInt8] {
        Self.magic
            + [self.host, self.counter, 0].flatMap { word in
                [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> UInt32($0)) }
            }
    }
}
