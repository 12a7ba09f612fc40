/// Identical deterministic requests that are made at the same time share one provider call (single-flight).
public struct SharedCallSettings: Hashable, Sendable {
    /// Whose requests may meet.
    public enum Scope: UInt8, Hashable, Sendable, CaseIterable {
        case project = 0
        case key = 1
        case everybody = 2
    }

    public var isOn: Bool
    public var scope: Scope
    /// Each client pays for the reply as if it had called; otherwise only the one whose call it is.
    public var eachPays: Bool

    public init(isOn: Bool = true, scope: Scope = .project, eachPays: Bool = false) {
        self.isOn = isOn
        self.scope = scope
        self.eachPays = eachPays
    }
}
