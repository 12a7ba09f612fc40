// What the kill test of the identity table runs and kills: a writer or a reader of the table in the folder given.
//
//     identity-driver write FOLDER FIRST    adds keys FIRST, FIRST + 1 …; says each number once its commit is done
//     identity-driver read FOLDER           looks keys up; says a line for each thousand
//     identity-driver check FOLDER COUNT    says how many of the keys 0 ..< COUNT are there
import Cryptography
import Domain
import Glibc
import Identity

func say(_ text: String) {
    let bytes = Array("\(text)\n".utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
}

func digest(_ number: Int, _ algorithm: SHA256) throws -> Digest {
    try algorithm.digest(Array("key \(number)".utf8))
}

func row(_ number: Int) -> IdentityRow {
    IdentityRow(
        principal: Principal(organization: .standard, project: .standard, key: EntityID(high: 9, low: UInt64(number))))
}

func run(_ arguments: [String]) throws {
    let algorithm = try SHA256()
    guard arguments.count >= 3 else { exit(2) }
    let folder = arguments[2]
    let number = arguments.count > 3 ? Int(arguments[3]) ?? 0 : 0
    switch arguments[1] {
    case "write":
        let writer = try IdentityWriter(stateDirectory: folder)
        say("open")
        for next in number... {
            try writer.apply([.put(digest(next, algorithm), row(next))], sequence: UInt64(next) + 1)
            say("\(next)")
        }
    case "read":
        let reader = IdentityReader(stateDirectory: folder)
        try reader.refresh()
        say("open")
        while true {
            for _ in 0..<1000 {
                let wanted = Int.random(in: 0..<5000)
                let found = try reader.row(for: digest(wanted, algorithm))
                guard found == nil || found == row(wanted) else { exit(3) }
            }
            say("1000")
        }
    case "check":
        let reader = IdentityReader(stateDirectory: folder)
        try reader.refresh()
        var count = 0
        for wanted in 0..<number where try reader.row(for: digest(wanted, algorithm)) == row(wanted) { count += 1 }
        say("\(count)")
    default: exit(2)
    }
}

do {
    try run(CommandLine.arguments)
} catch {
    say("error: \(error)")
    exit(1)
}
