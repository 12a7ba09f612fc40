public import Domain

/// The shapes that many routes share. What a pattern says is what the code checks, no more and no less.
extension APISchema {
    /// The id of one of the kind, such as `key_` and 32 lowercase hexadecimal digits.
    public static func id(_ kind: EntityID.Kind) -> APISchema { .string(pattern: "^\(kind.rawValue)_[0-9a-f]{32}$") }

    /// A name as in `EntityName`.
    public static let name = APISchema.string(minimum: 1, maximum: EntityName.limit, pattern: EntityName.pattern)

    /// Text that is looked for: any but one with a NUL, which no query can have.
    public static let text = APISchema.text(maximum: nil)
    /// The same, of so many characters at the most.
    public static func text(minimum: Int? = nil, maximum: Int?) -> APISchema {
        .string(minimum: minimum, maximum: maximum, pattern: "^[^\\u0000]*$")
    }

    /// A point in time that is given: RFC 3339, or a day, which begins in UTC.
    public static let time = APISchema.any([.string(format: "date-time"), .string(format: "date")])
    /// A point in time that is answered.
    public static let timestamp = APISchema.string(format: "date-time")

    /// An amount of US dollars: a decimal number in a string, or a whole number.
    public static let dollars = APISchema.any([
        .string(pattern: "^[0-9]{1,9}(\\.[0-9]{1,9})?$"), .integer(0...RequestFields.dollarLimit),
    ])
    /// An amount that is answered.
    public static let amount = APISchema.string(pattern: "^-?[0-9]+\\.[0-9]{2,9}$")

    /// A number of things, from 0 on.
    public static let count = APISchema.integer(0...RequestFields.countLimit)
    /// A whole number in an answer.
    public static let whole = APISchema.integer(.min ... .max)

    /// A limit of the kind: an amount, "unlimited" to lift a default, null for none of its own.
    static func limit(_ kind: LimitKind) -> APISchema {
        .nullable(.any((kind.unit == .cost ? [.dollars] : [.count]) + [.oneOf(["unlimited"])]))
    }

    /// What a limit of the kind is in an answer.
    static func shownLimit(_ kind: LimitKind) -> APISchema {
        .nullable(.any([kind.unit == .cost ? .amount : .count, .oneOf(["unlimited"])]))
    }

    /// Lists of allowed models that are given: an alias or `provider:model`, with one `*` at the most; null for all.
    static let models = APISchema.nullable(
        .array(.modelPattern, minimum: 1, maximum: ModelPattern.maximumEntries))

    /// A model's name with one `*` at the most: one of `models`.
    public static let modelPattern = APISchema.any([
        .string(minimum: 1, maximum: ModelPattern.maximumBytes, pattern: "^[!-)+-~]*\\*?[!-)+-~]*$"),
        // A character has 4 bytes at the most.
        .string(
            minimum: 1, maximum: ModelPattern.maximumBytes / 4,
            pattern: "^[^\\u0000-\\u0020*\\u007f]*\\*?[^\\u0000-\\u0020*\\u007f]*$"),
    ])

    /// A fingerprint of requests, or the token of an order: 64 bits.
    public static let fingerprint = APISchema.string(pattern: "^[0-9a-f]{16}$")
    /// The id of a record, as in `x-sluice-record`.
    public static let record = APISchema.string(pattern: "^[0-9a-f]{32}$")

    /// A page of a listing.
    public static func page(_ item: APISchema) -> APISchema {
        .object([
            Member("data", .array(item)),
            Member("next", .nullable(.string()), "What `after` is for the next page; null where this is the last."),
        ])
    }
}

extension APISchema.Member {
    /// A member for each kind of limit, none of them required.
    static let limits: [APISchema.Member] = LimitKind.allCases.map {
        APISchema.Member("\($0.name)", .limit($0), required: false)
    }

    /// The same in an answer.
    static let shownLimits: [APISchema.Member] = LimitKind.allCases.map {
        APISchema.Member("\($0.name)", .shownLimit($0))
    }
}

extension APIParameter {
    /// The id in the path.
    static func path(_ name: String, _ kind: EntityID.Kind) -> APIParameter {
        APIParameter(name, in: .path, .id(kind), "Its id.")
    }

    /// `limit` of a list.
    public static func limit(_ maximum: Int) -> APIParameter {
        APIParameter("limit", in: .query, .integer(1...Int64(maximum)), "How many in one answer.")
    }

    /// `after` of a list.
    public static func after(_ schema: APISchema) -> APIParameter {
        APIParameter("after", in: .query, schema, "The `next` of the answer before.")
    }
}
