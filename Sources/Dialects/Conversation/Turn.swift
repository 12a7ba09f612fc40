/// One message of a conversation.
public struct Turn: Hashable, Sendable {
    /// Who speaks. Results of tools are parts of a user's turn.
    public enum Role: Hashable, Sendable {
        /// The operator's instructions; OpenAI's `system` and `developer` both.
        case system
        case user
        case assistant
    }

    public var role: Role
    public var parts: [Part]
    /// The speaker's name, which some providers take.
    public var name: [UInt8]?

    public init(_ role: Role, _ parts: [Part], name: [UInt8]? = nil) {
        self.role = role
        self.parts = parts
        self.name = name
    }
}
