import Domain
import JSON

extension JSONWriter {
    /// A string, or null.
    mutating func string(optional text: String?) {
        if let text { self.string(text) } else { self.null() }
    }

    /// A text of a record; null for the empty one.
    mutating func text(_ bytes: [UInt8]) {
        if bytes.isEmpty { self.null() } else { self.string(bytes) }
    }

    /// An integer, or null.
    mutating func integer(optional value: Int64?) {
        if let value { self.integer(value) } else { self.null() }
    }

    /// Nano-USD as dollars, exact, in a string; null for an unknown price.
    mutating func dollars(_ nanoDollars: Int64?) {
        self.string(optional: nanoDollars.map { MoneyText.text(nanoDollars: $0) })
    }

    /// Tokens by class.
    mutating func tokens(_ usage: TokenUsage, onlyUsed: Bool) {
        self.beginObject()
        for tokenClass in TokenClass.allCases where !onlyUsed || usage[tokenClass] != 0 {
            self.key(Array(tokenClass.label.utf8))
            self.integer(usage[tokenClass])
        }
        self.endObject()
    }

    /// A price: dollars per million tokens by class.
    mutating func price(_ price: Price?) {
        guard let price else { return self.null() }
        self.beginObject()
        self.rates(price.rates)
        if !price.tiers.isEmpty {
            self.key("tiers")
            self.beginArray()
            for tier in price.tiers {
                self.beginObject()
                self.key("above")
                self.integer(tier.above)
                self.rates(tier.rates)
                self.endObject()
            }
            self.endArray()
        }
        self.endObject()
    }

    private mutating func rates(_ rates: Price.Rates) {
        for tokenClass in TokenClass.allCases {
            self.key(Array(tokenClass.label.utf8))
            // Micro-USD per million tokens.
            let (nano, overflow) = rates[tokenClass].multipliedReportingOverflow(by: 1000)
            self.dollars(overflow ? .max : nano)
        }
    }
}
