/// One field's value.
public enum LogValue: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral
{
    case string(String)
    /// Text of unknown encoding; what is not UTF-8 becomes U+FFFD.
    case bytes([UInt8])
    case int(Int64)
    case unsigned(UInt64)
    case bool(Bool)
    /// An array of strings.
    case list([String])

    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// Any signed integer.
    public static func int(_ value: some SignedInteger) -> LogValue { .int(Int64(clamping: value)) }
    /// Any unsigned integer.
    public static func int(_ value: some UnsignedInteger) -> LogValue { .unsigned(UInt64(clamping: value)) }
}
