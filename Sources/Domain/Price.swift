/// What a provider takes for the calls of one model: its price list, and those of the services that it sells at other prices.
///
/// A rate of tokens is in pico-USD per token, which is the same number as micro-USD per million tokens: $0.075 per million is
/// 75,000. A rate of units is in pico-USD per unit: $0.04 for an image is 40,000,000,000; times are priced by the second.
///
/// A reference to content that does not change, so that a request's way can copy it for next to nothing.
public struct Price: Hashable, Sendable {
    private final class Content: Sendable {
        let standard: PriceList
        let services: [ServiceTier: PriceList]
        let id: UInt64
        let ceilings: [Ceiling]

        init(_ standard: PriceList, _ services: [ServiceTier: PriceList]) {
            self.standard = standard
            self.services = services
            self.id = PriceID.of(standard, services)
            self.ceilings = ServiceTier.allCases.flatMap { service -> [Ceiling] in
                guard let list = service == .standard ? standard : services[service] else { return [] }
                let first = Ceiling(above: -1, isUrgent: service.isUrgent, most: PriceCeiling(list.rates))
                return [first]
                    + list.tiers.map {
                        Ceiling(above: $0.above, isUrgent: service.isUrgent, most: PriceCeiling($0.rates))
                    }
            }
        }
    }

    /// The most that one of the lists takes.
    private struct Ceiling {
        var above: Int64
        var isUrgent: Bool
        var most: PriceCeiling
    }

    private let content: Content

    /// `tiers` may come in any order. A list for `standard` among `services` is left away: it is `rates` and `tiers`.
    public init(_ rates: Rates, tiers: [PromptTier] = [], services: [ServiceTier: PriceList] = [:]) {
        self.content = Content(PriceList(rates, tiers: tiers), services.filter { $0.key != .standard })
    }

    public init(_ list: PriceList, services: [ServiceTier: PriceList] = [:]) {
        self.init(list.rates, tiers: list.tiers, services: services)
    }

    /// The standard service's, for prompts below all tiers.
    public var rates: Rates {
        get { self.content.standard.rates }
        set { self = Price(newValue, tiers: self.tiers, services: self.services) }
    }

    /// The standard service's for longer prompts, the shortest first.
    public var tiers: [PromptTier] {
        get { self.content.standard.tiers }
        set { self = Price(self.rates, tiers: newValue, services: self.services) }
    }

    /// The lists of other services; one that is missing costs as the standard service.
    public var services: [ServiceTier: PriceList] {
        get { self.content.services }
        set { self = Price(self.rates, tiers: self.tiers, services: newValue) }
    }

    /// Names this price in journals and the usage database: a hash of all its content, never 0, the same in every process and
    /// after every restart.
    public var id: UInt64 { self.content.id }

    /// An explicit price of nothing, which is not the same as an unknown price.
    public static let free = Price(Rates(input: 0, output: 0))

    public static func == (a: Price, b: Price) -> Bool {
        a.content === b.content
            || (a.id == b.id && a.content.standard == b.content.standard && a.content.services == b.content.services)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.id)
    }
}

extension Price {
    /// The list of a service.
    public func list(of service: ServiceTier) -> PriceList {
        service == .standard ? self.content.standard : self.content.services[service] ?? self.content.standard
    }

    /// The rates that hold for a call with so many prompt tokens.
    public func rates(promptTokens: Int64, service: ServiceTier = .standard) -> Rates {
        let list = self.list(of: service)
        return list.tier(promptTokens: promptTokens).map { list.tiers[$0].rates } ?? list.rates
    }

    /// The most that is taken of a call with at most so many prompt tokens. `mayBeUrgent`: it may be served as those are who pay
    /// for not waiting.
    public func ceiling(promptTokens: Int64, mayBeUrgent: Bool) -> PriceCeiling {
        var most = PriceCeiling()
        for ceiling in self.content.ceilings
        where promptTokens > ceiling.above && (mayBeUrgent || !ceiling.isUrgent) {
            most = .maximum(most, ceiling.most)
        }
        return most
    }

    /// Nothing costs anything, however a call is served.
    public var isFree: Bool { self.ceiling(promptTokens: .max, mayBeUrgent: true).isFree }

    /// What the provider takes for a call, in nano-USD: tokens, units and the call itself are summed exactly, and the sum is
    /// rounded once, half up.
    ///
    /// A negative count or rate, which no honest process makes, counts as zero; a cost beyond Int64 stays at its greatest
    /// value. Whether a provider bills the call at all is not asked here.
    public func cost(of usage: TokenUsage, units: CallUnits? = nil, service: ServiceTier = .standard) -> Int64 {
        if service != .standard, let list = self.content.services[service] { return list.cost(usage, units) }
        return self.content.standard.cost(usage, units)
    }
}
