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
        let hexadecimal = text.count == 2 * SealingKey.size ? HexDigit.bytes(text) : nil
        guard let bytes = hexadecimal ?? Base64URL.decode(text), bytes.count == SealingKey.size else {
            return nil
        }
        self.init(Secret(bytes))
    }

    /// 64 hexadecimal digits.
    var text: [UInt8] { self.secret.withBytes { HexDigit.text($0) } }
}
