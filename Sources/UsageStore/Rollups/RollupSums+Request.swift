import Domain

extension RollupSums {
    /// Adds what a request counts for, or takes it away with -1. One that runs counts for nothing, which the caller has seen to. `fault` is
    /// whose fault it was, if `isError`.
    @inline(__always)
    mutating func add(_ request: PendingRequest, fault: GatewayError.Source?, _ times: Int64) {
        self.requests &+= times
        switch fault {
        case nil: break
        case .client:
            self.clientErrors &+= times
            if request.status == 429, request.attempts == 0 { self.refused &+= times }
        case .provider: self.providerErrors &+= times
        case .gateway: self.gatewayErrors &+= times
        }
        if request.outcome == .disconnected { self.disconnected &+= times }
        if request.rank != .edge { self.recovered &+= times }
        if request.usageSource == .estimated { self.estimated &+= times }
        if request.usageSource != .none, request.cost == nil { self.unknownPrice &+= times }
        if request.isCacheHit { self.cacheHits &+= times }
        self.usage.input &+= Self.bounded(request.usage.input) &* times
        self.usage.cacheRead &+= Self.bounded(request.usage.cacheRead) &* times
        self.usage.output &+= Self.bounded(request.usage.output) &* times
        self.usage.reasoning &+= Self.bounded(request.usage.reasoning) &* times
        if request.usage.hasRareClasses {
            for tokenClass in Self.rareClasses {
                self.usage[tokenClass] &+= Self.bounded(request.usage[tokenClass]) &* times
            }
        }
        self.cost &+= Self.bounded(request.cost ?? 0) &* times
        self.latency.add(request.total, times)
        self.firstByte.add(request.firstByte, times)
    }

    @inline(__always)
    private static func bounded(_ value: Int64) -> Int64 { min(max(0, value), self.most) }
}

extension PendingRequest {
    @inline(__always)
    var isError: Bool { self.status >= 400 || self.outcome == .error }
}
