/// Whether a request that is about to go out does so.
public enum HTTPSend: Hashable, Sendable {
    case go
    /// With another line in the place of its unique header.
    case goWith(uniqueHeader: [UInt8])
    /// Not at all: the transfer ends.
    case stop
}
