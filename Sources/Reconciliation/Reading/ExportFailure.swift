/// A file that cannot be used, with everything that is wrong with it.
public struct ExportFailure: Error, Hashable, Sendable {
    /// Problems that are told; of more it is only said how many.
    public static let limit = 100

    public internal(set) var problems: [ExportProblem]
    /// How many more there are.
    public internal(set) var more = 0
}
