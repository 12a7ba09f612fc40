/// Text of SQL that is part of the program. Made of literals, of other `SQL` and of integers only: the compiler refuses a `String` in it, so
/// nothing from outside can ever be a part of it; values go through parameters `$1` … `$n`.
///
/// Both databases understand the same text: `CAST` and not `::`, no `ANY`, no `FOR UPDATE`, `usage.n` qualified in `DO UPDATE`,
/// `CAST($1 AS TEXT) IS NULL` (or BIGINT, BYTEA) where a parameter is asked for NULL, as PostgreSQL cannot tell its type there.
public struct SQL: Hashable, Sendable, ExpressibleByStringInterpolation {
    /// What a literal is put together of.
    public struct StringInterpolation: StringInterpolationProtocol {
        var text = ""

        public init(literalCapacity: Int, interpolationCount: Int) {
            self.text.reserveCapacity(literalCapacity + interpolationCount * 16)
        }

        public mutating func appendLiteral(_ literal: StaticString) { self.text += "\(literal)" }

        public mutating func appendInterpolation(_ part: SQL) { self.text += part.text }

        public mutating func appendInterpolation(_ number: some FixedWidthInteger) { self.text += "\(number)" }
    }

    /// The text, for the database.
    public let text: String

    public init(stringLiteral literal: StaticString) {
        self.text = "\(literal)"
    }

    public init(stringInterpolation interpolation: StringInterpolation) {
        self.text = interpolation.text
    }

    private init(text: String) {
        self.text = text
    }

    /// `parts` with `separator` between them.
    public static func joined(_ parts: some Sequence<SQL>, by separator: SQL = ", ") -> SQL {
        SQL(text: parts.map(\.text).joined(separator: separator.text))
    }
}
