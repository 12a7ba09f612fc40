import NIOHPACK
import NIOHTTP1

extension HTTPRequestHead {
    /// A request's head as HTTP/1.1 would have it, so that one set of rules holds for both. NIO has checked which
    /// pseudo-headers there are, and that no name or value holds what it must not.
    ///
    /// `:authority` becomes `host`; a `host` that says something else stays beside it, and two of them are refused.
    init(http2 fields: HPACKHeaders) {
        var method = "GET"
        var path = ""
        var authority: String?
        var headers = HTTPHeaders()
        headers.reserveCapacity(fields.count)
        for (name, value, _) in fields {
            guard name.utf8.first == UInt8(ascii: ":") else {
                let isRepeated = name == "host" && authority.map { $0.utf8.elementsEqual(value.utf8) } == true
                if !isRepeated { headers.add(name: name, value: value) }
                continue
            }
            switch name {
            case ":method": method = value
            case ":path": path = value
            case ":authority":
                authority = value
                headers.add(name: "host", value: value)
            default: break
            }
        }
        self.init(version: .http1_1, method: HTTPMethod(rawValue: method), uri: path, headers: headers)
    }
}
