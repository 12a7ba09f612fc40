/// What came of reading a configuration.
public struct ConfigurationResult: Hashable, Sendable {
    /// The configuration, exactly when there are no problems.
    public var configuration: GatewayConfiguration?
    /// All that is wrong, in the order of the file.
    public var problems: [ConfigurationProblem]
    /// What the operator should know although nothing is wrong, one sentence each, without secrets.
    public var notices: [String]

    public init(configuration: GatewayConfiguration?, problems: [ConfigurationProblem] = [], notices: [String] = []) {
        self.configuration = problems.isEmpty ? configuration : nil
        self.problems = problems
        self.notices = notices
    }
}
