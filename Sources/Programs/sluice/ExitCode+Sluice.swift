import ArgumentParser

extension ExitCode {
    /// The gateway cannot be started from here: 70…79 are "cannot start" for the whole process tree.
    static let cannotStart = ExitCode(70)
    /// The configuration has problems (EX_CONFIG of sysexits.h).
    static let badConfiguration = ExitCode(78)
}
