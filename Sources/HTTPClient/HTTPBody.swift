public import Platform

/// What a request carries. libcurl reads it in place, until the transfer is over.
public enum HTTPBody {
    case bytes([UInt8])
    /// Memory that another process may write to. It goes out as it is at that time; its length is certain.
    case shared(SharedBytes)

    /// Bytes of the body.
    public var count: Int {
        switch self {
        case .bytes(let bytes): bytes.count
        case .shared(let bytes): bytes.count
        }
    }

    func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch self {
        case .bytes(let bytes): unsafe bytes.withUnsafeBytes { unsafe body($0) }
        case .shared(let bytes): unsafe bytes.withUnsafeBytes(body)
        }
    }
}
