import Domain
import Glibc
import Journal
import Platform

/// Writes journals from outside of the gateway.
///
///     journal-load bench FOLDER             what an append costs
///     journal-load write FOLDER INSTANCE    requests without end, each acknowledged on stdout by its number in 8 bytes; the
///                                           tests kill it
@main
enum JournalLoad {
    static func main() throws {
        let arguments = CommandLine.arguments
        if arguments.count == 3, arguments[1] == "bench" {
            try AppendBenchmark(folder: arguments[2]).run()
        } else if arguments.count == 4, arguments[1] == "write", let instance = UInt32(arguments[3]) {
            try JournalLoad.write(folder: arguments[2], instance: instance)
        } else {
            print("usage: journal-load bench FOLDER | journal-load write FOLDER INSTANCE")
            exit(64)
        }
    }

    private static func write(folder: String, instance: UInt32) throws {
        let writer = try JournalWriter(
            folder: folder, owner: JournalOwner(host: 1, instance: instance, role: .edge),
            settings: JournalSettings(syncInterval: 10), segmentSize: 64 * 1024)
        var number: UInt64 = 0
        while true {
            let admission = writer.begin(SampleRequest.begin(number))
            guard admission == .recorded else {
                usleep(200)
                continue
            }
            writer.settle(SampleRequest.settle(number), admission)
            var acknowledged = number.littleEndian
            guard unsafe Glibc.write(1, &acknowledged, 8) == 8 else { return }
            number += 1
        }
    }
}
