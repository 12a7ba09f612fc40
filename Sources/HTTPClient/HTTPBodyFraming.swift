/// What says where a reply's body ends (RFC 9112 §6.3).
enum HTTPBodyFraming: Hashable {
    /// That many bytes.
    case length(UInt64)
    /// The chunked coding.
    case chunked
    /// The end of the connection, which looks the same where the body was cut off.
    case untilClose
}
