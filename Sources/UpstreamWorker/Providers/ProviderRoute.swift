internal import Dialects
internal import Domain
internal import HTTPClient
internal import IPC
internal import Platform

/// How the requests of one front door reach one provider, and in whose words its replies come: everything about it that is the same
/// for all of them, prepared once. Lives on the worker's loop.
final class ProviderRoute {
    /// Where the provider is called.
    private enum Place {
        case server
        /// Built in.
        case simulated(ProviderSettings.Kind, Endpoint)
        /// The provider has nothing for this front door.
        case none
    }

    /// What a request becomes.
    enum Prepared {
        case body(HTTPBody)
        /// First these images have to be fetched.
        case needsImages(PendingRequest)
        /// No provider is asked: the tokens of so many bytes are counted here.
        case countHere(promptBytes: Int)
    }

    /// Bytes of a request that is translated. What is read of it takes about ten times the memory.
    static let maximumBody = 64 << 20

    private let endpoint: Endpoint
    private let headers: ProviderHeaders
    private let place: Place
    /// By key; made when one is first used.
    private var targets: [RouteTargets?]
    private let settings: ProviderSettings
    private let limit: HTTPConnectionLimit
    private let row: ProviderRow
    /// A translation's, without what is the request's own.
    private let context: TranslationContext
    let passage: ReplyPassage
    /// Requests go out as they are: byte for byte, and without being looked at.
    let isExact: Bool

    init(_ endpoint: Endpoint, _ settings: ProviderSettings, _ limit: HTTPConnectionLimit) {
        self.endpoint = endpoint
        let row = ProviderRoute.row(settings.kind, at: endpoint)
        let headers = ProviderHeaders(settings, row)
        self.headers = headers
        self.context = TranslationContext(
            endpoint: endpoint, row: row, provider: settings.name, dropsUnsupported: settings.dropsUnsupported,
            fetchesImages: settings.fetchesImages)
        self.passage = self.context.passage
        self.isExact = row.endpoints.contains(endpoint) && (row.isExact || endpoint.isAnthropic)
        self.settings = settings
        self.limit = limit
        self.row = row
        self.targets = Array(repeating: nil, count: max(1, settings.keys.count))
        if case .simulated = settings.kind {
            self.place = row.target(of: endpoint).map { .simulated(settings.kind, $0) } ?? .none
        } else {
            let first = ProviderRoute.targets(endpoint, 0, settings, row, headers, limit)
            self.targets[0] = first
            self.place = first == nil ? .none : .server
        }
    }

    private static func targets(
        _ endpoint: Endpoint, _ key: Int, _ settings: ProviderSettings, _ row: ProviderRow, _ headers: ProviderHeaders,
        _ limit: HTTPConnectionLimit
    ) -> RouteTargets? {
        guard case .server(_, let base) = settings.kind else { return nil }
        func target(_ isStream: Bool, _ model: [UInt8]) -> HTTPTarget? {
            let url = row.url(base: base, endpoint: endpoint, model: model, apiVersion: settings.apiVersion)
            return url.map { url in
                HTTPTarget(
                    HTTPTarget.Settings(
                        url: url, headers: headers.lines(at: endpoint, isStream: isStream, key: key),
                        product: ProviderHeaders.product, connectTimeout: settings.timeouts.connect,
                        caFile: settings.caFile,
                        proxy: settings.proxy,
                        reach: HTTPReach(settings.reach)),
                    limit: limit)
            }
        }
        guard let whole = target(false, []), let stream = target(true, []) else { return nil }
        guard row.urlsNameModel(base: base, apiVersion: settings.apiVersion) else { return .fixed(whole, stream) }
        return .byModel(
            DeploymentTargets { target(false, $0) ?? whole }, DeploymentTargets { target(true, $0) ?? stream })
    }

    /// The built-in provider speaks OpenAI's dialect, of which it knows chats and embeddings.
    private static func row(_ kind: ProviderSettings.Kind, at endpoint: Endpoint) -> ProviderRow {
        guard case .server(let dialect, _) = kind else {
            var row = ProviderTable.row(.openai)
            // A completion is asked for as a chat. What it does not know at all it refuses in its own words.
            row.endpoints.remove(.completions)
            row.isExact = endpoint != .completions
            return row
        }
        return ProviderTable.row(dialect)
    }

    /// Its status 403 blames what was asked (`ProviderRow.moderates`).
    var moderates: Bool { self.row.moderates }

    // MARK: The way there

    /// What is called for a model, as it is sent, with one of the provider's keys; nil for the simulated provider, and where there is
    /// nothing to call.
    func target(isStream: Bool, model: [UInt8], key: UInt8) -> HTTPTarget? {
        guard case .server = self.place, Int(key) < self.targets.count else { return nil }
        if let targets = self.targets[Int(key)] { return targets.target(isStream: isStream, model: model) }
        let made = ProviderRoute.targets(self.endpoint, Int(key), self.settings, self.row, self.headers, self.limit)
        self.targets[Int(key)] = made
        return made?.target(isStream: isStream, model: model)
    }

    /// What the simulated provider is asked; nil for all others.
    var simulated: (kind: ProviderSettings.Kind, endpoint: Endpoint)? {
        if case .simulated(let kind, let endpoint) = self.place { (kind, endpoint) } else { nil }
    }

    /// The header lines that are one call's own.
    func headers(for request: ProviderRequest) -> [[UInt8]] { self.headers.lines(for: request) }

    /// What a translation has to know of a request.
    func context(for request: ProviderRequest, _ call: ProviderRequest.Call) -> TranslationContext {
        var context = self.context
        context.maximumOutput = call.maximumOutput.map { Int64($0) }
        context.isStream = request.isStream
        context.wantsUsage = request.isStream && !request.askedForUsage && !request.endpoint.isAnthropic
        context.nonce = Array(request.record.description.utf8)
        context.now = Int64(clamping: Clocks.wallMilliseconds() / 1000)
        return context
    }

    /// What `body`, the client's with its edits, becomes for the provider. Throws the client's fault.
    func prepare(
        _ body: HTTPBody, _ context: TranslationContext, _ reader: DialectReader
    ) throws(GatewayError) -> Prepared {
        guard body.count <= Self.maximumBody else {
            throw GatewayError(
                code: "request_too_large", type: "invalid_request_error", status: 413, source: .client,
                message: "The request is longer than the \(Self.maximumBody >> 20) MB that can be translated for this "
                    + "provider.")
        }
        // Memory that another process may write to is nothing to be parsed.
        let bytes = body.copied()
        let translated = unsafe bytes.withUnsafeBytes { bytes in
            Result { () throws(GatewayError) in
                unsafe try RequestTranslator.translate(bytes, capacity: bytes.count, context, reader: reader)
            }
        }
        switch try translated.get() {
        case .countHere(let promptBytes): return .countHere(promptBytes: promptBytes)
        case .exact: try self.requirePlace()
        case .body(let translated):
            try self.requirePlace()
            return .body(.bytes(translated))
        case .needsImages(let pending):
            try self.requirePlace()
            return .needsImages(pending)
        }
        return .body(.bytes(bytes))
    }

    private func requirePlace() throws(GatewayError) {
        guard case .none = self.place else { return }
        throw GatewayError(
            code: "unsupported_endpoint", type: "invalid_request_error", status: 400, source: .client,
            message: "Provider \"\(self.context.provider)\" does not serve this endpoint.")
    }
}
