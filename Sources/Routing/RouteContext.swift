public import Domain

/// What a plan may depend on besides the name that is asked for. Each is asked only where the alias needs it, at most once
/// (`cost` once for each target), as some of them are dear.
public protocol RouteContext {
    /// The tier that the header of that name (in lower case) asks for.
    func askedTier(_ header: [UInt8]) -> AskedTier
    /// Whether the prompt has at least so many characters.
    func hasPrompt(of characters: UInt32) -> Bool
    /// A number that is the same for the same user or key, and tells nothing of another; nil where there is neither.
    func stickyHash(_ sticky: RouteTable.Sticky) -> UInt64?
    func random() -> UInt64
    /// Nano-USD that the request usually takes at a target; nil where its price is unknown.
    func cost(of target: Target) -> Int64?
}

/// What a request's header says of tiers.
public enum AskedTier: Hashable, Sendable {
    case none
    case tier(Tier)
    /// Something that names no tier.
    case invalid
}
