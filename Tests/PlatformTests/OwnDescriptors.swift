import Glibc
import Platform
import Synchronization

/// Runs something on a thread with a table of descriptors of its own, where all numbers from 10 on are free: tests beside it own
/// descriptors, too, at times all that a child may get, and would lose theirs without a word.
enum OwnDescriptors {
    private typealias Unshare = @convention(c) (Int32) -> Int32
    /// `CLONE_FILES` of <sched.h>, which Glibc's module does not show.
    private static let files: Int32 = 0x400

    private struct NotUnshared: Error {}

    private final class Outcome<Value: Sendable>: Sendable {
        let result = Mutex<Result<Value, any Error>>(.failure(NotUnshared()))
    }

    static func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let outcome = Outcome<Value>()
        try WorkerThread(name: "descriptors") {
            let result = Result { try Self.unshared(body) }
            outcome.result.withLock { $0 = result }
        }.join()
        return try outcome.result.withLock { $0 }.get()
    }

    private static func unshared<Value>(_ body: () throws -> Value) throws -> Value {
        guard let symbol = unsafe dlsym(nil, "unshare") else { throw NotUnshared() }
        guard unsafe unsafeBitCast(symbol, to: Unshare.self)(Self.files) == 0 else { throw NotUnshared() }
        for number in Int32(10)...255 { close(number) }
        return try body()
    }
}
