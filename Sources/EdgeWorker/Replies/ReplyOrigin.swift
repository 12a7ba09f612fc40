import Domain

/// What the head of a reply says of where it comes from. Written as bytes: it is on the way of every request.
struct ReplyOrigin {
    var provider: [UInt8]
    /// As it was sent to the provider.
    var model: [UInt8]
    var tier: Tier?
    /// Provider calls that were made.
    var attempts: UInt8

    /// Bytes that the header lines take at most.
    var longest: Int { 96 + 3 * (self.provider.count + self.model.count) }

    /// Appends the header lines, each with CR LF in front.
    func write(to buffer: inout some HeadOutput) {
        buffer.append("\r\nx-sluice-provider: ")
        ReplyOrigin.write(self.provider, to: &buffer)
        buffer.append("\r\nx-sluice-model: ")
        ReplyOrigin.write(self.model, to: &buffer)
        switch self.tier {
        case .fast: buffer.append("\r\nx-sluice-tier: fast")
        case .deep: buffer.append("\r\nx-sluice-tier: deep")
        case nil: break
        }
        buffer.append("\r\nx-sluice-attempts: ")
        buffer.writeDecimal(UInt64(self.attempts))
    }

    /// A name is bytes: what a header's value cannot have is written as in a URL, and so is the percent sign.
    private static func write(_ name: [UInt8], to buffer: inout some HeadOutput) {
        guard !name.allSatisfy({ self.isPlain($0) }) else { return buffer.append(name) }
        var text: [UInt8] = []
        for byte in name {
            if self.isPlain(byte) {
                text.append(byte)
            } else {
                text += [UInt8(ascii: "%"), self.digit(byte >> 4), self.digit(byte & 0xF)]
            }
        }
        buffer.append(text)
    }

    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "%") }

    private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 &+ nibble : 0x37 &+ nibble }
}
