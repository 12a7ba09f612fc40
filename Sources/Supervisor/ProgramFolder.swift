import Domain
import Glibc
import EventLog

/// Where the tree's programs are: beside the supervisor's own.
struct ProgramFolder: Hashable {
    /// Absolute, without a trailing slash.
    let path: String

    init(path: String) {
        self.path = path
    }

    /// The folder of the program that is running.
    static func ofThisProgram() throws(StartFailure) -> ProgramFolder {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let length = unsafe buffer.withUnsafeMutableBytes {
            unsafe $0.bindMemory(to: CChar.self).baseAddress.map { unsafe readlink("/proc/self/exe", $0, 4096) } ?? -1
        }
        guard length > 0, length < buffer.count, let slash = buffer[0..<length].lastIndex(of: UInt8(ascii: "/")) else {
            throw StartFailure("sluice-supervisor: cannot find its own program through /proc/self/exe")
        }
        return ProgramFolder(path: String(decoding: buffer[0..<slash], as: UTF8.self))
    }

    /// The program of a role.
    func program(of role: Role) -> String { "\(self.path)/\(role.program)" }

    /// Throws unless every role's program is there.
    func verify() throws(StartFailure) {
        for role in [Role.control, .aggregator, .upstream, .edge] {
            let program = self.program(of: role)
            guard unsafe access(program, X_OK) == 0 else {
                throw StartFailure("sluice: \(program): \(unsafe String(cString: strerror(errno)))")
            }
        }
    }
}
