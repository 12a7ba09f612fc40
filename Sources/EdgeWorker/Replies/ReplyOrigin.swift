import Domain

/// What the head of a reply says of where it comes from. Written as bytes: it is on the way of every request.
struct ReplyOrigin {
    /// What `start` makes of the provider's name.
    var start: [UInt8]
    /// As it was sent to the provider.
    var model: [UInt8]
    var tier: Tier?
    /// Provider calls that were made.
    var attempts: UInt8

    /// Bytes that the header lines take at most.
    var longest: Int { 48 + self.start.count + 3 * self.model.count }

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
        guard self.attempts != 1 else { return buffer.append("\r\nx-sluice-attempts: 1") }
        buffer.append("\r\nx-sluice-attempts: ")
        buffer.writeDecimal(UInt64(self.attempts))
    }

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
