/// How a request's fingerprint is written for people: 16 lowercase hexadecimal digits, in logs and in commands alike.
public enum FingerprintText {
    public static func text(_ fingerprint: UInt64) -> String {
        let digits = String(fingerprint, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// Reads what `text` writes; nil for anything else.
    public static func fingerprint(_ text: String) -> UInt64? {
        // `UInt64(_:radix:)` alone takes signs and capitals.
        guard text.utf8.count == 16, let value = UInt64(text, radix: 16), self.text(value) == text else { return nil }
        return value
    }
}
