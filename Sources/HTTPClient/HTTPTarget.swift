/// One URL as it is called: method, header lines, TLS and connection settings, prepared once. Keeps a bounded stock of
/// libcurl handles on which all of that is already set, so that a request sets nothing but its body.
///
/// Lives on the client's loop.
public final class HTTPTarget {
    public enum Method: Hashable, Sendable {
        case get
        case post
    }

    /// What a target is made of.
    public struct Settings: Sendable {
        public var url: String
        public var method: Method
        /// Whole header lines as bytes, without line ends, such as `accept: application/json`. The caller sees to it that
        /// none holds CR, LF or NUL: such a line is left out.
        public var headers: [[UInt8]]
        /// What the requests are from, as `User-Agent` says it: a product (RFC 9110 §10.1.5), such as `sluice/1.0`. ` HTTP/1.1` may
        /// stand behind it. nil where `headers` says it, or nothing does.
        public var product: String?
        /// Milliseconds to an open and TLS-negotiated connection.
        public var connectTimeout: UInt64
        /// A PEM file of certificate authorities instead of the system's.
        public var caFile: String?
        /// A proxy URL; nil goes straight, whatever the environment says.
        public var proxy: String?
        /// Where connections may go.
        public var reach: HTTPReach
        /// Requests may use connections of earlier ones, where they have the same reach.
        public var keepsConnections: Bool
        /// Tells where replies send whoever asked (`HTTPTransfer.redirection`), though the target may be found anywhere.
        public var tellsRedirections: Bool
        /// What names stand for, instead of asking anybody: lines of CURLOPT_RESOLVE. For tests.
        var resolutions: [String] = []
        /// False leaves all to libcurl. For tests.
        var usesOwnConnections = true

        public init(
            url: String, method: Method = .post, headers: [[UInt8]] = [], product: String? = nil,
            connectTimeout: UInt64 = 3_000,
            caFile: String? = nil, proxy: String? = nil, reach: HTTPReach = .anywhere,
            keepsConnections: Bool = true, tellsRedirections: Bool = false
        ) {
            self.url = url
            self.method = method
            self.headers = headers
            self.product = product
            self.connectTimeout = connectTimeout
            self.caFile = caFile
            self.proxy = proxy
            self.reach = reach
            self.keepsConnections = keepsConnections
            self.tellsRedirections = tellsRedirections
        }
    }

    /// Handles kept for reuse at most; each holds about 8 KB.
    static let maximumIdle = 64

    let settings: Settings
    public let limit: HTTPConnectionLimit
    let headers: CurlHeaderList
    /// What libcurl is given instead of `settings.headers`, which are then not in `headers`.
    let preamble: RequestPreamble?
    /// The head of requests that go out on connections of our own (`HTTPConnection`): without TLS, to where anybody may go. nil where
    /// libcurl does all.
    let ownHead: RequestPreamble?
    /// Where those connections are kept.
    var pool: HTTPConnectionPool?
    let resolutions: CurlHeaderList
    let url: CurlURL?
    private var idle: [EasyHandle] = []

    public init(_ settings: Settings, limit: HTTPConnectionLimit) {
        self.settings = settings
        self.limit = limit
        self.url = CurlURL(settings.url, refusesUser: settings.reach != .anywhere)
        let head = RequestPreamble(settings, self.url)
        let isPlain = settings.url.lowercased().hasPrefix("http://") && settings.reach == .anywhere
        let isOurs = isPlain && settings.keepsConnections && !settings.tellsRedirections && settings.usesOwnConnections
        self.ownHead = isOurs ? head : nil
        let preamble = head.flatMap { $0.suitsLibcurl ? $0 : nil }
        self.preamble = preamble
        let product = settings.product.map { [Array("User-Agent: \($0)".utf8)] } ?? []
        self.headers = CurlHeaderList(preamble == nil ? settings.headers + product : RequestPreamble.suppressed)
        self.resolutions = CurlHeaderList(settings.resolutions.map { Array($0.utf8) })
    }

    /// A handle with everything invariant set, or nil when libcurl has no memory.
    func takeHandle(for client: HTTPClient) -> EasyHandle? {
        if let handle = self.idle.popLast() { return handle }
        return EasyHandle(target: self, sockets: client.sockets)
    }

    func giveBack(_ handle: EasyHandle) {
        if self.idle.count < HTTPTarget.maximumIdle { self.idle.append(handle) }
    }
}
