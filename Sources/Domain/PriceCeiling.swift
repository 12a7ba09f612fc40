/// The most that a price takes of a call for each thing that can be bounded, whatever class it turns out to be: in pico-USD.
public struct PriceCeiling: Hashable, Sendable {
    /// The dearest token of a prompt, and of the output.
    public private(set) var input: Int64 = 0
    public private(set) var output: Int64 = 0
    /// The call itself.
    public private(set) var request: Int64 = 0
    /// A generated image.
    public private(set) var image: Int64 = 0
    /// The dearest search.
    public private(set) var query: Int64 = 0
    /// The model searches at each call, whether or not it is asked to: its searches have other prices by what they put before it.
    public private(set) var searchesAlways = false
    /// Things are sold that no member of a request bounds: what was found by searches of the model's own.
    public private(set) var isUnbounded = false
    /// A second of audio or video in the prompt.
    public private(set) var second: Int64 = 0

    init() {}

    init(_ rates: Price.Rates) {
        for tokenClass in TokenClass.allCases where tokenClass != .citation {
            if tokenClass.isPrompt {
                self.input = max(self.input, rates[tokenClass])
            } else {
                self.output = max(self.output, rates[tokenClass])
            }
        }
        self.request = max(0, rates[unit: .request])
        self.image = max(0, rates[unit: .imageOutput])
        self.query = max(0, rates[unit: .query], rates[unit: .queryLow], rates[unit: .queryHigh])
        // Many tables say one price three times.
        self.searchesAlways =
            rates[unit: .queryLow] != rates[unit: .query] || rates[unit: .queryHigh] != rates[unit: .query]
        self.isUnbounded = rates.citation ?? 0 > 0
        self.second = max(0, rates[unit: .audioInput], rates[unit: .videoInput])
    }

    /// Enough for either.
    static func maximum(_ a: PriceCeiling, _ b: PriceCeiling) -> PriceCeiling {
        var most = a
        most.input = max(a.input, b.input)
        most.output = max(a.output, b.output)
        most.request = max(a.request, b.request)
        most.image = max(a.image, b.image)
        most.query = max(a.query, b.query)
        most.searchesAlways = a.searchesAlways || b.searchesAlways
        most.isUnbounded = a.isUnbounded || b.isUnbounded
        most.second = max(a.second, b.second)
        return most
    }

    /// Nothing costs anything.
    public var isFree: Bool { self == PriceCeiling() }
}
