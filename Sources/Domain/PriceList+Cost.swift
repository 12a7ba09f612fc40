extension PriceList {
    /// What a call costs by this list, in nano-USD.
    func cost(_ usage: TokenUsage, _ units: CallUnits?) -> Int64 {
        guard let tier = self.tier(promptTokens: usage.promptTokens) else { return self.rates.cost(usage, units) }
        return self.tiers[tier].rates.cost(usage, units)
    }
}

extension Price.Rates {
    fileprivate func cost(_ usage: TokenUsage, _ units: CallUnits?) -> Int64 {
        var sum = ExactSum()
        sum.add(usage.input, self.input)
        sum.add(usage.output, self.output)
        if usage.cacheRead != 0 { sum.add(usage.cacheRead, self[.cacheRead]) }
        if usage.reasoning != 0 { sum.add(usage.reasoning, self[.reasoning]) }
        if usage.hasRareClasses {
            for tokenClass in TokenClass.rare { sum.add(usage[tokenClass], self[tokenClass]) }
        }
        if !self.units.isEmpty {
            sum.add(1, self[unit: .request])
            if let units {
                for unitClass in UnitClass.allCases where units[unitClass] > 0 {
                    let rate = self[unit: unitClass]
                    if unitClass.isTime {
                        sum.add(milliseconds: units[unitClass], rate)
                    } else {
                        sum.add(units[unitClass], rate)
                    }
                }
            }
        }
        return sum.nanodollars
    }
}

/// A sum of products in pico-USD, and in thousandths of them what is counted in thousandths. Neither loses anything; what
/// does not fit is remembered.
private struct ExactSum {
    private var picodollars: UInt128 = 0
    /// Thousandths of pico-USD.
    private var thousandths: UInt128 = 0
    private var isTooMuch = false

    init() {}

    mutating func add(_ count: Int64, _ rate: Int64) {
        let (sum, overflow) = self.picodollars.addingReportingOverflow(Self.product(count, rate))
        self.picodollars = sum
        if overflow { self.isTooMuch = true }
    }

    mutating func add(milliseconds count: Int64, _ rate: Int64) {
        let (sum, overflow) = self.thousandths.addingReportingOverflow(Self.product(count, rate))
        self.thousandths = sum
        if overflow { self.isTooMuch = true }
    }

    /// Below 2^126.
    private static func product(_ count: Int64, _ rate: Int64) -> UInt128 {
        let product = UInt64(max(0, count)).multipliedFullWidth(by: UInt64(max(0, rate)))
        return UInt128(product.high) << 64 | UInt128(product.low)
    }

    /// Rounded half up; `Int64.max` for what is more.
    var nanodollars: Int64 {
        guard !self.isTooMuch else { return .max }
        guard self.thousandths == 0 else { return self.withThousandths }
        guard self.picodollars > UInt128(UInt64.max) else {
            let (nano, rest) = UInt64(truncatingIfNeeded: self.picodollars).quotientAndRemainder(dividingBy: 1000)
            return Int64(clamping: nano + (rest >= 500 ? 1 : 0))
        }
        return Int64(clamping: self.picodollars / 1000 + (self.picodollars % 1000 >= 500 ? 1 : 0))
    }

    private var withThousandths: Int64 {
        let (pico, overflow) = self.picodollars.addingReportingOverflow(self.thousandths / 1000)
        guard !overflow else { return .max }
        // Half of a nano-USD is reached by whole pico-USD or not at all: what is below one cannot change that.
        return Int64(clamping: pico / 1000 + (pico % 1000 >= 500 ? 1 : 0))
    }
}
