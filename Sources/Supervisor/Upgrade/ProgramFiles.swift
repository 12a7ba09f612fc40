import Domain
import Platform

/// The programs of one generation, kept open: a process that is started again is of its generation's build, whatever has been
/// installed since.
final class ProgramFiles {
    let folder: ProgramFolder
    private var files: [Role: ProgramFile]

    /// Opens what is in the folder now. A program that is missing fails when it is started.
    init(_ folder: ProgramFolder) {
        self.folder = folder
        self.files = [:]
        for role in Role.allCases { self.files[role] = ProgramFile(path: folder.program(of: role)) }
    }

    /// Takes over what another program of this process had open.
    init(_ folder: ProgramFolder, adopting numbers: [Role: Int32]) {
        self.folder = folder
        self.files = [:]
        for role in Role.allCases {
            self.files[role] = ProgramFile(path: folder.program(of: role), adopting: numbers[role])
        }
    }

    /// The program of a role.
    func program(of role: Role) -> ProgramFile {
        self.files[role] ?? ProgramFile(path: self.folder.program(of: role), adopting: nil)
    }

    /// The descriptors, for handing them on.
    var numbers: [Role: Int32] { self.files.compactMapValues(\.number) }
}
