import Domain
import JSON

extension JSONWriter {
    /// An amount in the unit of the kind: a whole number, or US dollars as a decimal in a string; null for nil, "unlimited" for
    /// `LimitSet.unlimited`.
    mutating func amount(_ value: Int64?, _ kind: LimitKind) {
        switch value {
        case nil: self.null()
        case LimitSet.unlimited: self.string("unlimited")
        case let value? where kind.unit == .cost: self.string(MoneyText.text(nanoDollars: value))
        case let value?: self.integer(value)
        }
    }

    /// A member for each kind of limit.
    mutating func members(of limits: LimitSet) {
        for kind in LimitKind.allCases {
            self.key(kind.name)
            self.amount(limits[kind], kind)
        }
    }
}
