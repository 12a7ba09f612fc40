import Domain

/// Reads `headers` of a provider: what it wants to be sent beside the gateway's own headers.
struct HeadersSchema {
    /// Framing, connection and content headers: two parties setting them is how requests get smuggled.
    private static let reserved: Set<String> = [
        "host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "keep-alive",
        "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade", "expect", "accept",
        "accept-encoding", "user-agent", "x-client-request-id",
    ]

    let problems: ProblemSink
    /// The header that the provider's key goes into, in lower case; nil where it has none.
    let keyHeader: String?

    func read(_ reader: MappingReader) -> [ProviderSettings.Header] {
        var headers: [ProviderSettings.Header] = []
        var seen: Set<String> = []
        for entry in reader.entries {
            let isNew = seen.insert(entry.key.lowercased()).inserted
            let again = isNew ? nil : "the header is given more than once; case does not count"
            if let objection = self.objection(to: entry.key) ?? again {
                self.problems.problem(at: entry.position, path: entry.value.path, objection)
            }
            if case .null = entry.value.content { continue }
            let value = self.problems.value(of: entry.value, secret: true) { scalar throws(ValueError) in
                let bytes = Array(scalar.text.utf8)
                guard CredentialText.isHeaderValue(bytes) else {
                    throw ValueError("expected text without control characters and without blanks around it")
                }
                return Secret(bytes)
            }
            if let value {
                headers.append(ProviderSettings.Header(name: entry.key, value: value))
            }
        }
        return headers
    }

    /// What is wrong with a header of this name, or nil when it may be sent.
    private func objection(to name: String) -> String? {
        guard CredentialText.isToken(Array(name.utf8)) else { return "expected a header name: letters, digits and -" }
        let name = name.lowercased()
        if Self.reserved.contains(name) { return "the gateway sets this header itself: leave it out" }
        if name == self.keyHeader { return "expected either a key or this header, not both" }
        return nil
    }
}
