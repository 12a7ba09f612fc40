import Domain
import Glibc
import Limits
import Platform

/// What the tests of the limit table run, stop and kill.
///
///     limit-driver make FOLDER              makes the table of `Scene`, with what is in it before the step
///     limit-driver step FOLDER NAME         stops itself; makes a decision and settles it; stops itself
///     limit-driver recover FILE NAME        stops itself; recovers the dead one of the scene; stops itself.
///                                           FILE.before is a copy of FILE
///     limit-driver compete FOLDER NAME      takes all the room there is, and keeps it
///     limit-driver judge NAME KNOWN FILE... recovers each copy of the table and says what is wrong with it
///     limit-driver hot FOLDER MODE WORKERS SECONDS SEED
///                                           workers in a loop, killed or stopped at random; says what is wrong at the end
///     limit-driver work FOLDER INSTANCE     one of those workers
///
/// NAME is one of the scene's decisions: `known`, `new`, `extended`, `raced`; KNOWN what is known of it: `nothing`, `call`,
/// `recovery`. MODE is `kill` or `stop`.
@main
enum LimitDriver {
    static func main() {
        do {
            try Self.run(CommandLine.arguments)
        } catch {
            say("error: \(error)")
            exit(1)
        }
    }

    private static func run(_ arguments: [String]) throws {
        guard arguments.count >= 3 else { return Self.usage() }
        func number(_ index: Int) -> UInt64 { arguments.count > index ? UInt64(arguments[index]) ?? 0 : 0 }
        let name = arguments.count > 3 ? arguments[3] : ""
        switch arguments[1] {
        case "make": try Scene(name: "known").make(folder: arguments[2])
        case "step": try Scene(name: name).step(folder: arguments[2])
        case "compete": try Scene(name: name).compete(folder: arguments[2])
        case "recover": try Scene(name: name).recover(file: arguments[2])
        case "judge":
            guard let knowledge = Scene.Knowledge(rawValue: name) else { return Self.usage() }
            var wrong = 0
            for file in arguments.dropFirst(4) { wrong += try Scene(name: arguments[2]).judge(file: file, knowledge) }
            say("\(arguments.count - 4) judged, \(wrong) wrong")
            exit(wrong == 0 ? 0 : 1)
        case "hot":
            let loop = try HotLoop(
                folder: arguments[2], isKilling: name == "kill", workers: Int(number(4)), seed: number(6))
            exit(try loop.run(seconds: number(5)) ? 0 : 1)
        case "work": try HotWorker(folder: arguments[2], instance: UInt32(number(3))).run()
        default: Self.usage()
        }
    }

    private static func usage() {
        say("usage: limit-driver make | step | compete | recover | judge | hot | work")
        exit(64)
    }
}

func say(_ text: String) {
    let bytes = Array("\(text)\n".utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
}
