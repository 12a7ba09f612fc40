import Domain

/// How far somebody has followed, as he is told it and gives it back: the name of what is remembered of him, the last record that was
/// looked at, and when. Where nothing is remembered any more (another process, a long silence), the rest is enough to go on.
struct EventCursor: Hashable {
    static let pattern = "^[0-9a-f]{16}-[0-9a-f]{32}-[0-9a-f]{12}$"

    var follower: UInt64
    var watermark: RecordID
    /// Milliseconds since 1970, 48 bits of them.
    var time: UInt64

    init(follower: UInt64, watermark: RecordID, time: UInt64) {
        self.follower = follower
        self.watermark = watermark
        self.time = time & 0xFFFF_FFFF_FFFF
    }

    /// Reads `text`; nil for anything else.
    init?(_ text: String) {
        let parts = Array(text.utf8).split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.count == 3, let follower = Self.number(parts[0], digits: 16),
            let watermark = RecordID(digits: Array(parts[1])), let time = Self.number(parts[2], digits: 12)
        else { return nil }
        self.init(follower: follower, watermark: watermark, time: time)
    }

    var text: String { "\(Self.digits(self.follower, 16))-\(self.watermark)-\(Self.digits(self.time, 12))" }

    private static func digits(_ value: UInt64, _ count: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }

    private static func number(_ text: ArraySlice<UInt8>, digits: Int) -> UInt64? {
        guard text.count == digits, text.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        return UInt64(String(decoding: text, as: UTF8.self), radix: 16)
    }
}
