import Domain

/// The secrets of a stored provider together with where they go: both are sealed as one, so that nobody who can write to the database
/// can have them sent elsewhere by another `base_url` beside them.
///
/// Sealed are the origin, a line feed, and what `ObjectSecrets.taken` gives. Versions before sealed that alone, which begins with a bracket.
struct BoundSecrets {
    /// As `ProviderOrigin` describes it, empty for a provider that has none; nil for secrets that an older version has sealed.
    var origin: [UInt8]?
    var secrets: Secret

    init(_ secrets: Secret, for origin: String) {
        self.origin = Array(origin.utf8)
        self.secrets = secrets
    }

    /// Nil for what was never sealed by `sealable`.
    init?(opened: Secret) {
        let parts: (origin: [UInt8]?, secrets: [UInt8])? = opened.withBytes { bytes in
            if bytes.first == UInt8(ascii: "[") { return (nil, bytes) }
            guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            return (Array(bytes[..<end]), Array(bytes[(end + 1)...]))
        }
        guard let parts else { return nil }
        self.origin = parts.origin
        self.secrets = Secret(parts.secrets)
    }

    var sealable: Secret {
        Secret((self.origin ?? []) + [UInt8(ascii: "\n")] + self.secrets.withBytes { $0 })
    }

    /// Whether they may go there.
    func mayGo(to origin: String) -> Bool {
        self.origin.map { $0.elementsEqual(origin.utf8) } ?? true
    }
}
