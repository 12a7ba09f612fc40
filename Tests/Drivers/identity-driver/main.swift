// What the kill test of the identity table runs and kills: a writer or a reader of the table in the folder given.
//
//     identity-driver write FOLDER FIRST    adds keys FIRST, FIRST + 1 …; says each number once its commit is done
//     identity-driver read FOLDER           looks keys up; says a line for each thousand
//     identity-driver check FOLDER COUNT    says how many of the keys 0 ..< COUNT are there
//     identity-driver bench FOLDER COUNT    makes a table of COUNT keys; says its size and what a look-up costs
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
    case "bench": try bench(folder, count: max(1, number), algorithm)
    default: exit(2)
    }
}

/// A million look-ups of keys that are there, in random order, after as many to warm up.
func bench(_ folder: String, count: Int, _ algorithm: SHA256) throws {
    let clock = ContinuousClock()
    var rows = try (0..<count).map { (try digest($0, algorithm).bytes, $0) }
    rows.sort { $0.0.lexicographicallyPrecedes($1.0) }
    var made = 0
    let filling = try clock.measure {
        try IdentityWriter.create(
            stateDirectory: folder, meta: IdentityMeta(sequence: 1, source: EntityID(high: 1, low: 1))
        ) {
            guard made < count, let digest = Digest(rows[made].0) else { return nil }
            defer { made += 1 }
            return (digest, row(rows[made].1))
        }
    }
    let digests = try (0..<1_000_000).map { _ in try digest(Int.random(in: 0..<count), algorithm) }
    let reader = IdentityReader(stateDirectory: folder)
    try reader.refresh()
    for round in 0..<2 {
        var found = 0
        // Processor time: the machine may have other work.
        let began = Glibc.clock()
        for digest in digests where try reader.row(for: digest) != nil { found += 1 }
        let nanoseconds = (Glibc.clock() - began) * 1_000_000_000 / CLOCKS_PER_SEC / digests.count
        guard round == 1 else { continue }
        var info = stat()
        _ = unsafe stat(reader.path, &info)
        say("keys \(count), filled in \(filling), \(info.st_size) bytes, \(found) found, \(nanoseconds) ns a look-up")
    }
}

do {
    try run(CommandLine.arguments)
} catch {
    say("error: \(error)")
    exit(1)
}
