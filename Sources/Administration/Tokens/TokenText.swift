public import Cryptography
public import Domain

/// The text of a token of the administration: `sluice-admin-` and 43 characters that stand for 256 random bits.
public enum TokenText {
    /// What every token begins with.
    public static let prefix = "sluice-admin-"
    /// Bytes of randomness in a token.
    static let entropy = 32
    /// Characters behind the prefix.
    static let digits = 43
    /// Characters of a token, `prefix` included, that are kept and shown to tell tokens apart: too few to guess the rest.
    private static let shownCount = prefix.utf8.count + 6

    /// A new token of `random` bytes.
    public static func make(
        random: (Int) throws(CryptographyError) -> [UInt8]
    ) throws(CryptographyError) -> Secret {
        Secret(Array(Self.prefix.utf8) + Base64URL.encode(try random(Self.entropy)))
    }

    /// Whether this can be a token; says nothing of whether it is one.
    public static func isPossible(_ bytes: some Collection<UInt8>) -> Bool {
        bytes.count == Self.prefix.utf8.count + Self.digits && bytes.starts(with: Self.prefix.utf8)
    }

    /// What of a token may be shown again.
    static func shown(of token: Secret) -> String {
        token.withBytes { Self.isPossible($0) ? String(decoding: $0.prefix(Self.shownCount), as: UTF8.self) : "" }
    }
}
