/// What is wrong with a configuration, for people and for programs.
public struct ConfigurationReport {
    private let problems: [ConfigurationProblem]

    public init(_ problems: [ConfigurationProblem]) {
        self.problems = problems
    }

    /// One line per problem, `FILE:LINE:COLUMN: PATH: message`, each ended by a newline.
    public var text: String {
        self.problems.map { "\($0)\n" }.joined()
    }

    /// `{"problems": [{"file", "line", "column", "path", "message"}]}` with a final newline.
    public var json: String {
        let problems = self.problems.map { problem in
            EffectiveValue.mapping([
                ("file", .text(problem.file)), ("line", .integer(problem.line)), ("column", .integer(problem.column)),
                ("path", .text(problem.path)), ("message", .text(problem.message)),
            ])
        }
        return EffectiveValue.mapping([("problems", .list(problems))]).json() + "\n"
    }
}
