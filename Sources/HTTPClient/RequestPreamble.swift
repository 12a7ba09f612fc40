internal import CCurl

/// The head of a target's requests as we write it ourselves.
///
/// Whole, on connections of our own. Where libcurl sends the request: from the path of the request line to the last header line but for what
/// it keeps to itself (method, `Content-Length`). libcurl 7.88 formats each byte of a head by itself, about 115 instructions
/// a byte; what it is given as the target of the request line (CURLOPT_REQUEST_TARGET) it copies. It writes ` HTTP/1.1` behind
/// that, so ours ends in a `User-Agent` to which this is one more product (RFC 9110 §10.1.5): docs/decisions/0022.
struct RequestPreamble {
    /// What takes the place of libcurl's own lines, of which it is to write none.
    static let suppressed: [[UInt8]] = ["Host:", "Accept:", "Content-Type:"].map { Array($0.utf8) }

    /// From the path up to and with the line end of the last line that all requests have.
    private let start: [UInt8]
    /// The line with the product; empty without one.
    private let agent: [UInt8]
    /// The host and port, as the head names them.
    let host: [UInt8]

    /// Whether libcurl can be given it: the version this was checked with, and a product to end with.
    var suitsLibcurl: Bool { EasyHandle.isVersionKnown && !self.agent.isEmpty }

    /// nil where libcurl has to write the head: through a proxy, for a method without a body, for a product that is more than a line, and for
    /// a URL that says more than a plain host, port, path and query.
    init?(_ settings: HTTPTarget.Settings, _ url: CurlURL?) {
        guard settings.method == .post, (settings.proxy ?? "").isEmpty else { return nil }
        guard let url, url.part(CURLUPART_USER) == nil, url.part(CURLUPART_ZONEID) == nil else { return nil }
        guard let path = url.part(CURLUPART_PATH), let host = RequestPreamble.host(url) else { return nil }
        var target = path
        if let query = url.part(CURLUPART_QUERY) { target += [UInt8(ascii: "?")] + query }
        guard target.first == UInt8(ascii: "/"), target.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        var start = target + Array(" HTTP/1.1\r\nHost: ".utf8) + host + RequestPreamble.lineEnd
        for line in settings.headers where CurlHeaderList.isLine(line) { start += line + RequestPreamble.lineEnd }
        self.start = start
        self.host = host
        let product = settings.product ?? ""
        self.agent = product.isEmpty ? [] : Array("User-Agent: \(product)".utf8)
        guard CurlHeaderList.isLine(self.agent) else { return nil }
    }

    /// Writes what libcurl is given for one request with further lines of its own, with NUL behind it. Lines with CR, LF or NUL in them
    /// are left out: they would be more than one line.
    func write(_ unique: [UInt8], _ further: [[UInt8]], to text: inout [UInt8]) {
        text.removeAll(keepingCapacity: true)
        self.append(unique, further, to: &text)
        text += self.agent
        text.append(0)
    }

    /// Writes the whole head of one request with a body of `length` bytes; lines as above.
    func write(_ unique: [UInt8], _ further: [[UInt8]], length: Int, to text: inout [UInt8]) {
        text.removeAll(keepingCapacity: true)
        text += Self.method
        self.append(unique, further, to: &text)
        if !self.agent.isEmpty {
            text += self.agent
            text += RequestPreamble.lineEnd
        }
        text += Self.length
        text += String(length).utf8
        text += Self.headEnd
    }

    private func append(_ unique: [UInt8], _ further: [[UInt8]], to text: inout [UInt8]) {
        text += self.start
        if !unique.isEmpty, CurlHeaderList.isLine(unique) {
            text += unique
            text += RequestPreamble.lineEnd
        }
        for line in further where CurlHeaderList.isLine(line) {
            text += line
            text += RequestPreamble.lineEnd
        }
    }

    /// As libcurl writes it: with the port where it is not the scheme's. nil for names that are more than letters, digits, dots and
    /// dashes, which libcurl may have to change.
    private static func host(_ url: CurlURL) -> [UInt8]? {
        guard var host = url.part(CURLUPART_HOST), let scheme = url.part(CURLUPART_SCHEME) else { return nil }
        let isNumber = host.first == UInt8(ascii: "[") && host.last == UInt8(ascii: "]")
        let name = isNumber ? host.dropFirst().dropLast() : host[...]
        let isPlain = name.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."): true
            case UInt8(ascii: "-"): !isNumber
            case UInt8(ascii: ":"): isNumber
            default: false
            }
        }
        guard isPlain, !name.isEmpty else { return nil }
        if let port = url.part(CURLUPART_PORT) {
            let usual = scheme == Array("https".utf8) ? "443" : "80"
            if port != Array(usual.utf8) { host += [UInt8(ascii: ":")] + port }
        }
        return host
    }

    private static let lineEnd = Array("\r\n".utf8)
    private static let method = Array("POST ".utf8)
    private static let length = Array("Content-Length: ".utf8)
    private static let headEnd = Array("\r\n\r\n".utf8)
}
