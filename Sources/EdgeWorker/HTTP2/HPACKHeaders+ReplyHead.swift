import NIOCore
import NIOHPACK

extension HPACKHeaders {
    /// The head of a reply as `ReplyHead` writes it: a status line, then `name: value` line by line, all names in small letters.
    init(replyHead head: ByteBuffer) {
        self.init()
        self.reserveCapacity(16)
        let bytes = head.readableBytesView
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: 0x0D), end > start {
            let line = bytes[start..<end]
            if start == bytes.startIndex {
                self.add(name: ":status", value: String(decoding: line.dropFirst(9).prefix(3), as: UTF8.self))
            } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
                let name = String(decoding: line[..<colon], as: UTF8.self)
                let value = String(decoding: line[colon...].dropFirst(2), as: UTF8.self)
                self.add(name: name, value: value, indexing: Self.isOneOff(name) ? .nonIndexable : .indexable)
            }
            start = Swift.min(end + 2, bytes.endIndex)
        }
    }

    /// Another value each time: not worth a place in the client's table.
    private static func isOneOff(_ name: String) -> Bool {
        switch name {
        case "content-length", "x-request-id", "x-sluice-record", "x-sluice-provider-request-id", "x-sluice-latency-ms",
            "x-sluice-cost-usd", "retry-after":
            true
        default: name.utf8.starts(with: "x-ratelimit-".utf8)
        }
    }
}
