/// The shape of a JSON value, as OpenAPI 3.1 (JSON Schema 2020-12) says it. Objects have no members but the named ones.
public indirect enum APISchema: Hashable, Sendable {
    /// `pattern` is an ECMA 262 regular expression of the whole text; lengths are in characters.
    case string(format: String? = nil, minimum: Int? = nil, maximum: Int? = nil, pattern: String? = nil)
    case oneOf([String])
    case integer(ClosedRange<Int64>)
    case number
    case boolean
    /// `isSet`: nothing is in it twice, which the handler checks.
    case array(APISchema, minimum: Int = 0, maximum: Int? = nil, isSet: Bool = false)
    case object([Member])
    /// An object that may have other members, too.
    case open([Member])
    /// An object whose members have names of their own, all of which match the pattern `names` where there is one.
    case map(APISchema, maximum: Int? = nil, names: String? = nil)
    case nullable(APISchema)
    /// Any value at all; in answers and metadata only.
    case anything
    /// A value of any of the shapes.
    case any([APISchema])
    /// One that has a name in the document.
    case named(String, APISchema)

    public struct Member: Hashable, Sendable {
        public var name: String
        public var schema: APISchema
        public var isRequired: Bool
        /// One line; empty where the name says it.
        public var summary: String

        public init(_ name: String, _ schema: APISchema, required: Bool = true, _ summary: String = "") {
            self.name = name
            self.schema = schema
            self.isRequired = required
            self.summary = summary
        }
    }
}
