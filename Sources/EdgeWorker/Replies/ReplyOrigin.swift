import Domain

/// What a reply says of where it comes from, and its head in headers. Written as bytes: it is on the way of every request.
struct ReplyOrigin {
    /// What `start` makes of the provider's name.
    var start: [UInt8]
    /// As it was sent to the provider.
    var model: [UInt8]
    var tier: Tier?
    /// Provider calls that were made.
    var attempts: UInt8
    /// Microseconds from the whole head of the request until its reply began.
    var latency: UInt64 = 0
    /// Nano-USD; nil where that is not known yet, or never.
    var cost: Int64?
    /// It is the reply of another request's call.
    var isShared = false

    /// Bytes that the header lines take at most: 45 for tier and attempts, 44 for the latency, 42 for the cost, 24 for the cache.
    var longest: Int {
        let model = self.model.allSatisfy { ReplyOrigin.isPlain($0) } ? self.model.count : 3 * self.model.count
        return 113 + (self.cost == nil ? 0 : 42) + self.start.count + model
    }

    /// Appends the header lines, each with CR LF in front.
    func write(to buffer: inout some HeadOutput) {
        buffer.append(self.start)
        if self.model.allSatisfy({ ReplyOrigin.isPlain($0) }) {
            buffer.append(self.model)
        } else {
            buffer.append(ReplyOrigin.encoded(self.model))
        }
        switch self.tier {
        case .fast: buffer.append("\r\nx-sluice-tier: fast")
        case .deep: buffer.append("\r\nx-sluice-tier: deep")
        case nil: break
        }
        if self.attempts == 1 {
            buffer.append("\r\nx-sluice-attempts: 1\r\nx-sluice-latency-ms: ")
        } else {
            buffer.append("\r\nx-sluice-attempts: ")
            buffer.writeDecimal(UInt64(self.attempts))
            buffer.append("\r\nx-sluice-latency-ms: ")
        }
        buffer.writeMilliseconds(microseconds: self.latency)
        if let cost = self.cost {
            buffer.append("\r\nx-sluice-cost-usd: ")
            buffer.writeDollars(nano: cost)
        }
        buffer.append("\r\nx-sluice-cache: ")
        buffer.append(self.cache)
    }

    /// What `x-sluice-cache` says. An answer from a cache will have words of its own.
    var cache: StaticString { self.isShared ? "shared" : "none" }

    /// The lines of a provider up to the name of the model, each with CR LF in front: they are the same in all its replies.
    static func start(_ provider: [UInt8]) -> [UInt8] {
        Array("\r\nx-sluice-provider: ".utf8) + self.encoded(provider) + Array("\r\nx-sluice-model: ".utf8)
    }

    /// A name is bytes: what a header's value cannot have is written as in a URL, and so is the percent sign.
    private static func encoded(_ name: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for byte in name {
            if self.isPlain(byte) {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "%"), self.digit(byte >> 4), self.digit(byte & 0xF)]
            }
        }
        return text
    }

    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "%") }

    private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 &+ nibble : 0x37 &+ nibble }
}
