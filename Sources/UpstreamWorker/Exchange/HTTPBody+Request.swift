internal import Domain
internal import HTTPClient
internal import Platform

extension HTTPBody {
    /// The body with its edits: memory of its own where there are any. nil where they do not fit the body.
    func applying(_ splices: [BodySplice]) -> HTTPBody? {
        guard !splices.isEmpty else { return self }
        let edited: [UInt8]? =
            switch self {
            case .bytes(let bytes): BodySplice.apply(splices, to: bytes)
            case .shared(let bytes): unsafe bytes.withUnsafeBytes { unsafe BodySplice.apply(splices, to: $0) }
            }
        return edited.map { .bytes($0) }
    }

    /// Bytes that nobody else can change, as a parser needs them.
    func copied() -> [UInt8] {
        switch self {
        case .bytes(let bytes): bytes
        case .shared(let bytes): unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) }
        }
    }
}
