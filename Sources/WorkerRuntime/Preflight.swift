public import Domain
public import EventLog
import Glibc
import IPC
import Platform

/// The answer of a program that is asked, before an upgrade, whether it could take over (`--preflight`).
public enum Preflight {
    /// Where the answer goes: memory of the supervisor's.
    private static let answer: Int32 = 3
    /// The configuration in force, for control.
    public static let inForce: Int32 = 4

    /// Whether the program was started to be asked.
    public static func isAsked(_ arguments: [String]) -> Bool {
        arguments.dropFirst().first == "--preflight"
    }

    /// Checks what the role has to check, answers, and ends the process: with 0, or with the failure's code and its message on
    /// standard error.
    public static func run(_ role: Role, check: () throws(StartFailure) -> Void = {}) -> Never {
        do throws(StartFailure) {
            do throws(SystemError) {
                try ProcessHardening.harden(traceable: false)
            } catch {
                throw StartFailure("\(role.program): \(error)")
            }
            try check()
            let bytes = PreflightAnswer(build: WorkerIdentity.build).encoded()
            let written = unsafe bytes.withUnsafeBytes { unsafe write(Self.answer, $0.baseAddress, $0.count) }
            guard written == bytes.count else {
                throw StartFailure("\(role.program): cannot answer (this program is started by sluice-supervisor only)")
            }
            Glibc.exit(ExitCode.done)
        } catch {
            WorkerProgram.giveUp(error)
        }
    }
}
