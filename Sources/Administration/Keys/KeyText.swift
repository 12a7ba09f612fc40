public import Cryptography
public import Domain

/// The text of a client key: `sk-sl-` and 43 characters that stand for 256 random bits.
public enum KeyText {
    /// What every key begins with.
    public static let prefix = "sk-sl-"
    /// Bytes of randomness in a key.
    public static let entropy = 32
    /// Characters of a key, `prefix` included, that are kept and shown to tell keys apart: too few to guess the rest.
    static let shownCount = prefix.utf8.count + 8

    /// A new key of `random` bytes.
    public static func make(
        random: (Int) throws(CryptographyError) -> [UInt8]
    ) throws(CryptographyError) -> Secret {
        Secret(Array(Self.prefix.utf8) + Base64URL.encode(try random(Self.entropy)))
    }

    /// What of a key may be shown again; nothing of a key that somebody else has made.
    static func shown(of key: Secret) -> String {
        key.withBytes { bytes in
            guard bytes.starts(with: Self.prefix.utf8), bytes.count == Self.prefix.utf8.count + 43 else { return "" }
            return String(decoding: bytes.prefix(Self.shownCount), as: UTF8.self)
        }
    }
}
