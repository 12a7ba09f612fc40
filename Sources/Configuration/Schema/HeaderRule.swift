/// Which headers the file may add to requests to a provider.
enum HeaderRule {
    /// Framing, connection and content headers: two parties setting them is how requests get smuggled.
    private static let reserved: Set<String> = [
        "host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "keep-alive",
        "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade", "expect", "accept",
        "accept-encoding", "user-agent", "x-client-request-id",
    ]

    /// What is wrong with a header of this name, or nil when it may be sent.
    static func objection(toName name: String, hasKey: Bool) -> String? {
        guard CredentialText.isToken(Array(name.utf8)) else {
            return "expected a header name: letters, digits and -"
        }
        let name = name.lowercased()
        if self.reserved.contains(name) { return "the gateway sets this header itself: leave it out" }
        if name == "authorization", hasKey { return "expected either a key or this header, not both" }
        return nil
    }
}
