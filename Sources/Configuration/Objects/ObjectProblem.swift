/// One thing that is wrong with an object.
public struct ObjectProblem: Error, Hashable, Sendable {
    /// The member, such as `timeouts.connect` or `keys[0].value`; `name` for what is wrong with the whole.
    public var member: String
    public var message: String
    /// The member itself is what nobody knows, or it occurs twice.
    public var isUnknownMember: Bool

    public init(member: String, message: String, isUnknownMember: Bool = false) {
        self.member = member
        self.message = message
        self.isUnknownMember = isUnknownMember
    }
}
