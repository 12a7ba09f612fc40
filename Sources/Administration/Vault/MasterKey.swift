import Cryptography
public import Domain

/// The key that a gateway's secrets are sealed with: 32 random bytes.
public struct MasterKey: Hashable, Sendable {
    /// The 32 bytes.
    public let secret: Secret

    init(_ secret: Secret) {
        self.secret = secret
    }

    /// A new key.
    static func make(random: (Int) throws(CryptographyError) -> [UInt8]) throws(CryptographyError) -> MasterKey {
        MasterKey(Secret(try random(SealingKey.size)))
    }

    /// Reads the text of a key, strictly: 64 hexadecimal digits, or 32 bytes in base 64 with either alphabet, padded or not; nil for
    /// anything else, blanks around it too.
    public init?(text: some Sequence<UInt8>) {
        let text = Array(text)
        guard let bytes = Self.hexadecimal(text) ?? Base64URL.decode(text), bytes.count == SealingKey.size else {
            return nil
        }
        self.init(Secret(bytes))
    }

    /// 64 hexadecimal digits.
    var text: [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return self.secret.withBytes { bytes in bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] } }
    }

    private static func hexadecimal(_ text: [UInt8]) -> [UInt8]? {
        guard text.count == 2 * SealingKey.size else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: text.count, by: 2) {
            guard let high = HexDigit.value(text[index]), let low = HexDigit.value(text[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }
}
