/// The frames on the operators' socket: a length of four bytes, big-endian, and that many bytes of JSON.
public enum AdministrationFrame {
    /// The longest JSON text in either direction, in bytes.
    public static let limit = 1 << 20
    /// Bytes of the length.
    public static let headerSize = 4

    /// The frame with this text; nil when it is too long.
    public static func encode(_ text: [UInt8]) -> [UInt8]? {
        guard text.count <= Self.limit else { return nil }
        let length = UInt32(text.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> UInt32($0)) } + text
    }

    /// The length of the text that follows a header; nil when it is over the limit or the header is not whole.
    public static func length(_ header: some Collection<UInt8>) -> Int? {
        guard header.count == Self.headerSize else { return nil }
        let length = Int(header.reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
        return length <= Self.limit ? length : nil
    }
}
