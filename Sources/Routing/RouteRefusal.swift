/// Why there is no plan for a request.
public enum RouteRefusal: Error, Hashable, Sendable {
    /// Nothing serves the name.
    case unknownModel
    /// Something does, but the caller may not use it.
    case notAllowed
    /// The header of that name, which names the tier, says something else.
    case invalidTier(header: [UInt8])
}
