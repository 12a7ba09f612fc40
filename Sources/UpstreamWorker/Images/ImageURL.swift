/// The URL of an image that the gateway is to fetch, taken apart as far as it has to be known. Pure.
///
/// Whom it leads to is not decided by this text, but by the address that is connected to.
struct ImageURL: Hashable {
    /// The longest that is taken, in bytes.
    static let longest = 8192

    /// For libcurl, in ASCII, without a fragment.
    let text: String
    /// For messages: what stands between the scheme and the path. Nothing of the rest, which may hold a signature, is repeated.
    let host: String

    /// `allowsPlain` takes http as well, for tests.
    init(_ bytes: [UInt8], allowsPlain: Bool = false) throws(ImageFault) {
        guard bytes.count <= Self.longest else { throw .longURL }
        let isSecure = Self.begins(bytes, "https://")
        guard isSecure || Self.begins(bytes, "http://") else { throw .noURL }
        guard isSecure || allowsPlain else { throw .notSecure }
        let rest = bytes.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { !Self.endsAuthority($0) }
        guard !authority.contains(UInt8(ascii: "@")) else { throw .userInURL }
        guard (1...260).contains(authority.count), authority.allSatisfy(Self.isOfHost) else { throw .noURL }
        let path = rest.dropFirst(authority.count).prefix { $0 != UInt8(ascii: "#") }
        guard path.allSatisfy({ $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\\") }) else { throw .noURL }
        self.host = String(decoding: authority, as: UTF8.self)
        self.text =
            (isSecure ? "https://" : "http://") + self.host + String(decoding: Self.escaped(path), as: UTF8.self)
    }

    private static func begins(_ bytes: [UInt8], _ scheme: String) -> Bool {
        bytes.prefix(scheme.utf8.count).elementsEqual(scheme.utf8) { byte, expected in
            byte == expected || (byte | 0x20 == expected && (0x41...0x5A).contains(byte))
        }
    }

    private static func endsAuthority(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }

    /// Letters, digits and what stands in names, addresses and ports. No `%`: neither escapes nor zones.
    private static func isOfHost(_ byte: UInt8) -> Bool {
        (0x30...0x3A).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]")
    }

    /// Bytes beyond ASCII as browsers send them.
    private static func escaped(_ path: ArraySlice<UInt8>) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return path.flatMap { byte in
            byte < 0x80 ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
}
