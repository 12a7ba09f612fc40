public import Domain

/// What is shown of a secret that is kept: enough for its owner to know it by, too little to use it.
public enum SecretMask {
    /// A secret is at least so long before anything of it is shown.
    private static let shortest = 16
    private static let ellipsis: [UInt8] = [0xE2, 0x80, 0xA6]

    /// `sk-…abcd`: the first three and the last four characters. Holds a character that no key can hold.
    public static func text(of secret: Secret) -> String {
        secret.withBytes { bytes in
            guard bytes.count >= self.shortest else { return "…" }
            // A header may be UTF-8: nothing is cut in two.
            let isPlain = (bytes.prefix(3) + bytes.suffix(4)).allSatisfy { (0x20...0x7E).contains($0) }
            return isPlain ? String(decoding: bytes.prefix(3) + self.ellipsis + bytes.suffix(4), as: UTF8.self) : "…"
        }
    }
}
