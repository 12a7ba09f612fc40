import Domain
public import JSON

extension JSONWriter {
    /// A string, or null.
    public mutating func string(optional text: String?) {
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

    /// What was used besides tokens; null for nothing.
    mutating func units(_ units: CallUnits?) {
        guard let units else { return self.null() }
        self.beginObject()
        for unitClass in UnitClass.allCases where units[unitClass] != 0 {
            self.key(Array(unitClass.label.utf8))
            self.integer(units[unitClass])
        }
        self.endObject()
    }
}
