/// What an edge logs of each request.
public struct RequestLogging: Hashable, Sendable {
    /// One line for each, at the level `info`.
    public var access: Bool
    /// The beginning of what clients send, in a line of its own.
    public var prompts: Bool
    /// The beginning of what they get, in a line of its own.
    public var responses: Bool

    public init(access: Bool = true, prompts: Bool = false, responses: Bool = false) {
        self.access = access
        self.prompts = prompts
        self.responses = responses
    }
}
