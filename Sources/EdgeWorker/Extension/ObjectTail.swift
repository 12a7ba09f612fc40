import NIOCore

/// Finds where the JSON object ends that is the body of a reply, so that one more member can be put in there.
///
/// Pure. The last brace, and the white space behind it, are held back until the end is there; everything else goes on at once, in
/// the pieces it came in. That the text is JSON is for others to see: an object that is one before is one afterwards.
struct ObjectTail {
    /// White space behind a brace that is held back; with more of it there is no place for a member.
    static let longestHeld = 1024

    /// Begins with a brace, or is empty.
    private var held = ByteBuffer()
    /// The last byte before `held` that is no white space.
    private var last: UInt8 = 0
    private var isLost = false

    /// Takes the next bytes, and returns those that may go out now.
    mutating func feed(_ chunk: ByteBuffer) -> [ByteBuffer] {
        guard !self.isLost else { return [chunk] }
        let bytes = chunk.readableBytesView
        guard let end = bytes.lastIndex(where: { !JSONSpace.contains($0) }) else {
            guard self.held.readableBytes > 0 else { return [chunk] }
            self.held.writeImmutableBuffer(chunk)
            guard self.held.readableBytes > ObjectTail.longestHeld else { return [] }
            self.isLost = true
            return self.release()
        }
        var pieces = self.release()
        guard bytes[end] == UInt8(ascii: "}") else {
            self.last = bytes[end]
            pieces.append(chunk)
            return pieces
        }
        let before = bytes[..<end]
        if let byte = before.last(where: { !JSONSpace.contains($0) }) { self.last = byte }
        // A copy: the slice would keep the whole piece alive.
        self.held.clear()
        self.held.writeBytes(bytes[end...])
        if let piece = chunk.getSlice(at: chunk.readerIndex, length: before.count), before.count > 0 {
            pieces.append(piece)
        }
        if self.held.readableBytes > ObjectTail.longestHeld {
            self.isLost = true
            pieces += self.release()
        }
        return pieces
    }

    /// What is held, without a member.
    private mutating func release() -> [ByteBuffer] {
        guard self.held.readableBytes > 0 else { return [] }
        let held = self.held
        self.held = ByteBuffer()
        self.last = UInt8(ascii: "}")
        return [held]
    }

    /// The body is whole: its last bytes, with `member` among them; nil where there is no place for one, and nothing is held. As
    /// many bytes as were held, and those of `member`, and one.
    mutating func finish(_ member: [UInt8]) -> ByteBuffer? {
        guard self.held.readableBytes > 0 else { return nil }
        var text = ByteBuffer()
        text.reserveCapacity(member.count + 1 + self.held.readableBytes)
        text.writeInteger(self.last == UInt8(ascii: "{") ? 0x20 : UInt8(ascii: ","))
        text.writeBytes(member)
        text.writeBuffer(&self.held)
        return text
    }
}
