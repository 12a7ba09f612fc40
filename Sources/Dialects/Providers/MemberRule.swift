/// What becomes of one top-level member of a chat request on its way to one provider.
public struct MemberRule: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
        /// Left out without a word: no answer depends on it.
        case strip
        /// Sent under another name, unless that one is there already.
        case rename(String)
        /// The provider cannot do it: refused or left out, as the configuration says.
        case unsupported
    }

    /// The member as OpenAI names it.
    public var member: String
    public var action: Action

    public init(_ member: String, _ action: Action) {
        self.member = member
        self.action = action
    }

    static func strip(_ members: [String]) -> [MemberRule] { members.map { MemberRule($0, .strip) } }
    static func unsupported(_ members: [String]) -> [MemberRule] { members.map { MemberRule($0, .unsupported) } }
    static func rename(_ member: String, to name: String) -> MemberRule { MemberRule(member, .rename(name)) }
}
