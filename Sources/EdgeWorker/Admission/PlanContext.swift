import Domain
import JSON
import Routing

/// What a request's plan may depend on, found out where it is asked for. Only for the duration of the call that plans: it
/// lends the body's bytes.
@safe
struct PlanContext: RouteContext {
    let core: EdgeCore
    let request: CurrentRequest
    let endpoint: Endpoint
    let scanned: ScannedRequest
    // SAFETY: the bytes outlive this value, which does not leave the closure they were lent to; `capacity` can be read.
    private let body: UnsafeRawBufferPointer
    private let capacity: Int
    private let bodyBytes: Int

    init(
        _ core: EdgeCore, _ request: CurrentRequest, _ endpoint: Endpoint, _ scanned: ScannedRequest,
        _ body: UnsafeRawBufferPointer, capacity: Int
    ) {
        self.core = core
        self.request = request
        self.endpoint = endpoint
        self.scanned = scanned
        unsafe self.body = body
        self.capacity = capacity
        self.bodyBytes = body.count
    }

    /// Two headers that do not agree name no tier.
    func askedTier(_ header: [UInt8]) -> AskedTier {
        let asked = self.request.tierWishes.filter { $0.header == header }.map(\.value)
        guard let first = asked.first else { return .none }
        return asked.allSatisfy { $0 == first } ? first : .invalid
    }

    func hasPrompt(of characters: UInt32) -> Bool {
        unsafe self.core.scanner.hasPrompt(
            of: Int(characters), in: self.body, capacity: self.capacity, self.scanned)
    }

    /// By the user the request names; else by the key's, else the key; callers without one are known by their address.
    func stickyHash(_ sticky: RouteTable.Sticky) -> UInt64? {
        if sticky == .user, let user = self.user { return StableHash.of(user) }
        guard let principal = self.request.principal, !self.request.isAnonymous else {
            return self.request.address.map { StableHash.spread($0.counted) }
        }
        let id = sticky == .user ? principal.user ?? principal.key : principal.key
        return StableHash.spread(StableHash.spread(id.high) ^ id.low)
    }

    private var user: ArraySlice<UInt8>? {
        if let range = self.scanned.userRange, range.upperBound <= self.bodyBytes {
            let user = unsafe Array(self.body[range])
            return user.count > 2 && user[0] == UInt8(ascii: "\"") ? user.dropFirst().dropLast() : nil
        }
        guard self.endpoint.isAnthropic else { return nil }
        let user = unsafe self.core.scanner.metadataUser(in: self.body, capacity: self.capacity)
        return user.isEmpty ? nil : user[...]
    }

    func random() -> UInt64 { self.core.random() }

    func cost(of target: Target) -> Int64? {
        let settings = self.request.settings
        guard let price = settings.price(of: target) else { return nil }
        let learned = self.core.learned(target, settings, bodyBytes: self.bodyBytes)
        let estimate = CallEstimate(
            self.scanned, bodyBytes: self.bodyBytes, endpoint: self.endpoint, unbounded: [])
        return estimate.usually(settings.facts(of: target), price, learned).cost
    }
}
