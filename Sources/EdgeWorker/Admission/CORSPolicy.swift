/// Which browser origins may read replies. Without any, no CORS header is ever sent.
struct CORSPolicy {
    /// What one request is granted.
    struct Grant: Hashable {
        /// The value of `access-control-allow-origin`; nil for an origin that is not on the list.
        var origin: String?
        /// The answer depends on the origin, so caches must know.
        var varies: Bool
    }

    private let origins: Set<[UInt8]>
    private let allowsAny: Bool

    init(origins: [String]) {
        self.origins = Set(origins.map { Array($0.utf8) })
        self.allowsAny = origins.contains { $0.hasBytes("*") }
    }

    var isConfigured: Bool { !self.origins.isEmpty }

    /// The grant for a request from `origin` (nil: not a browser's cross-origin one); nil where nothing is to be said.
    func grant(_ origin: String?) -> Grant? {
        guard self.isConfigured else { return nil }
        guard !self.allowsAny else { return Grant(origin: "*", varies: false) }
        guard let origin, origin.isVisibleASCII(upTo: 1024), self.origins.contains(Array(origin.utf8)) else {
            return Grant(origin: nil, varies: true)
        }
        return Grant(origin: origin, varies: true)
    }
}
