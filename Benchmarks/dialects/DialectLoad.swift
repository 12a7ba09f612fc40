/// What translating a stream costs: processor time and allocations of an event.
///
///     dialect-load [ROUNDS]
@main
enum DialectLoad {
    static func main() {
        #if DEBUG
        print("a debug build: these figures mean nothing")
        #endif
        let rounds = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 400
        StreamBenchmark(rounds: max(rounds, 1)).run()
    }
}
