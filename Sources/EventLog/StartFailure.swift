/// Why a process cannot start: said in one clear line, and by an exit status of 70…79.
public struct StartFailure: Error, Hashable, Sendable {
    public let code: Int32
    /// For the operator: what is wrong, where, and what was expected. No secret.
    public let message: String

    public init(_ message: String, code: Int32 = ExitCode.cannotStart) {
        self.code = code
        self.message = message
    }
}
