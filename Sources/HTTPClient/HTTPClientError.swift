internal import CCurl

/// Why a transfer did not end well. Holds no URL, header or address, so it can be shown.
public struct HTTPClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong, by what can be done about it.
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        /// The host name (or the proxy's) has no address.
        case resolve
        /// Nobody answers there.
        case connect
        /// No connection within the connect timeout.
        case connectTimeout
        /// TLS could not be agreed on, or the certificate was not accepted.
        case tls
        /// The connection broke while the request was being sent.
        case sendFailed
        /// The connection ended before any byte of a reply.
        case resetBeforeReply
        /// The connection ended, or its framing broke, within the reply.
        case resetInReply
        /// What was answered is not HTTP as it was asked for.
        case protocolViolation
        /// The reply's head is larger than `HTTPClient.maximumHead`.
        case tooLarge
        /// Ended from our side.
        case aborted
        case other
        /// All addresses of the host are such as the target may not be found at.
        case forbiddenAddress
    }

    public var kind: Kind
    /// Whether any byte of the request may have reached the server.
    public var sentAny: Bool
    /// libcurl's number, for logs.
    public var code: UInt32
    /// The connection was a kept one and ended without a byte of a reply: most likely the server had closed it before
    /// the request came, and another connection would do.
    public var metDeadConnection: Bool

    public init(kind: Kind, sentAny: Bool, code: UInt32 = 0, metDeadConnection: Bool = false) {
        self.kind = kind
        self.sentAny = sentAny
        self.code = code
        self.metDeadConnection = metDeadConnection
    }

    public var description: String {
        unsafe self.code == 0
            ? "\(self.kind)" : "\(self.kind): \(String(cString: curl_easy_strerror(CURLcode(rawValue: self.code))))"
    }

    init(_ code: CURLcode, receivedAny: Bool, sentAny: Bool) {
        let kind: Kind =
            switch code {
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
            case CURLE_COULDNT_CONNECT, CURLE_INTERFACE_FAILED, CURLE_PROXY: .connect
            // The only timeout that libcurl is given is the connect timeout.
            case CURLE_OPERATION_TIMEDOUT: .connectTimeout
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
                CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_INITFAILED,
                CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED:
                .tls
            case CURLE_SEND_ERROR, CURLE_SEND_FAIL_REWIND: receivedAny ? .resetInReply : .sendFailed
            case CURLE_GOT_NOTHING: .resetBeforeReply
            case CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_CHUNK_FAILED:
                receivedAny ? .resetInReply : .resetBeforeReply
            case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT,
                CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP_RETURNED_ERROR:
                .protocolViolation
            case CURLE_ABORTED_BY_CALLBACK, CURLE_WRITE_ERROR: .aborted
            default: .other
            }
        self.init(kind: kind, sentAny: sentAny, code: code.rawValue)
    }
}
