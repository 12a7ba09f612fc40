/// Why a file could not be imported at all.
public struct ImportFailure: Error, Hashable, Sendable {
    public let problems: [ConfigurationProblem]
}
