internal import Domain

/// What is changed about a request for a provider of the same family: splices over the bytes that came, and the images that
/// have to be fetched first.
struct FamilyEdits {
    let row: ProviderRow
    let unsupported: Unsupported
    let fetchesImages: Bool
    var splices: [BodySplice] = []
    /// Each once, in order.
    private(set) var urls: [[UInt8]] = []
    private(set) var holes: [PendingRequest.Hole] = []
    private var indexes: [[UInt8]: Int] = [:]

    init(_ context: TranslationContext) {
        self.row = context.row
        self.unsupported = Unsupported(context)
        self.fetchesImages = context.fetchesImages
    }

    mutating func add(_ splice: BodySplice?) {
        if let splice { self.splices.append(splice) }
    }

    mutating func replace(_ range: Range<Int>, _ replacement: [UInt8]) {
        self.splices.append(BodySplice(offset: range.lowerBound, removed: range.count, replacement: replacement))
    }

    /// An image that the provider does not fetch: `range` is its URL's string, `path` its part's.
    mutating func image(_ url: [UInt8], at range: Range<Int>, _ path: String) throws(GatewayError) {
        guard self.fetchesImages else { throw self.unsupported.imageURL(path) }
        let index = self.indexes[url] ?? self.urls.count
        if index == self.urls.count {
            self.urls.append(url)
            self.indexes[url] = index
        }
        self.holes.append(PendingRequest.Hole(range: range, url: index))
    }
}
