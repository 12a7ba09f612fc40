/// What may be sent as a key or a header: rules over bytes, because what a header holds is bytes.
enum CredentialText {
    /// The longest key or header value that is taken, in bytes.
    static let longest = 8192

    /// Whether `bytes` can be a provider's key: printable ASCII without blanks, so that it fits a header unchanged.
    static func isKey(_ bytes: [UInt8]) -> Bool {
        !bytes.isEmpty && bytes.count <= self.longest && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    /// Whether `bytes` are an HTTP token (RFC 9110 §5.6.2), which a header name has to be.
    static func isToken(_ bytes: [UInt8]) -> Bool {
        !bytes.isEmpty && bytes.count <= 256
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default:
                    "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    /// Whether `bytes` can be a header's value: no control characters (so no CR, LF, NUL), no blanks around it.
    static func isHeaderValue(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first, let last = bytes.last, bytes.count <= self.longest else { return false }
        guard !self.isBlank(first), !self.isBlank(last) else { return false }
        return bytes.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }
    }

    /// What is wrong with `bytes` as the gateway's static key, or nil when it can be used.
    static func objectionToStaticKey(_ bytes: [UInt8]) -> String? {
        guard self.isKey(bytes), bytes.count >= 16, bytes.count <= 512 else {
            return "expected a key of 16 to 512 printable ASCII characters without blanks"
        }
        let letters = String(decoding: bytes, as: UTF8.self).lowercased().filter { $0.isLetter || $0.isNumber }
        let placeholders = [
            "changeme", "changethis", "replaceme", "replacethis", "yourkey", "yourapikey", "placeholder",
        ]
        if placeholders.contains(where: letters.contains) || Set(bytes).count < 5 {
            return "expected a random key, not a placeholder; `openssl rand -hex 24` makes one"
        }
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09
    }
}
