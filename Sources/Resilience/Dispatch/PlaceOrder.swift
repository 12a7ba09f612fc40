internal import Domain

/// In which order a request's places are tried.
struct PlaceOrder {
    /// The places in their order; empty where it is that of the plan.
    private var places: [UInt8] = []
    let count: Int

    /// The plan's order, as the edge has made it.
    init(count: Int) { self.count = count }

    /// By what `places` know now, where the strategy asks for it; equal ones stay in the plan's order.
    init(count: Int, strategy: RoutePolicy.Strategy, _ places: some CallPlaces) {
        self.count = count
        guard count > 1 else { return }
        switch strategy {
        case .ordered, .weighted, .leastCost: return
        case .leastBusy: self.sort { UInt64(places.load(of: $0)) }
        case .leastLatency:
            // Who is not known goes first, once: while that call runs, those known are first again.
            var fastest = UInt64.max
            for place in 0..<count {
                if let latency = places.latency(of: place) { fastest = min(fastest, latency) }
            }
            // What is hardly slower than the fastest is as good, so that equal ones share the calls.
            let (good, overflow) = fastest.addingReportingOverflow(fastest / 8)
            self.sort { place in
                guard let latency = places.latency(of: place) else { return places.load(of: place) == 0 ? 0 : .max }
                return overflow || latency > good ? max(2, latency) : 1
            }
        }
    }

    subscript(index: Int) -> Int { self.places.isEmpty ? index : Int(self.places[index]) }

    /// Insertion sort: there are few, and most often they are in order.
    private mutating func sort(by rank: (Int) -> UInt64) {
        var sorted: [(place: UInt8, rank: UInt64)] = []
        sorted.reserveCapacity(self.count)
        for place in 0..<self.count {
            let rank = rank(place)
            var index = sorted.endIndex
            while index > 0, sorted[index - 1].rank > rank { index -= 1 }
            sorted.insert((UInt8(place), rank), at: index)
        }
        self.places = sorted.map(\.place)
    }
}
