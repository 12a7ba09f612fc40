/// The request header that names a tier.
enum RouteHeaderText {
    /// Headers that say something else, and would not be read for it: credentials, what frames a request, and whatever else an
    /// edge reads.
    private static let reserved: Set<String> = [
        "authorization", "x-api-key", "api-key", "cookie", "host", "content-length", "content-type", "content-encoding",
        "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect", "x-forwarded-for",
        "x-request-id", "x-sluice-tags", "anthropic-version", "anthropic-beta", "origin", "user-agent", "traceparent",
        "access-control-request-method", "access-control-request-headers",
    ]

    /// In lower case.
    static func parse(_ text: String) throws(ValueError) -> String {
        let bytes = Array(text.utf8)
        guard CredentialText.isToken(bytes), bytes.count <= 64 else {
            throw ValueError("expected a header's name of 1 to 64 letters, digits and -, such as x-sluice-tier")
        }
        let name = text.lowercased()
        guard !self.reserved.contains(name) else {
            throw ValueError("expected a header that means nothing else, such as x-sluice-tier")
        }
        return name
    }
}
