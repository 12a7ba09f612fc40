import Database
import Glibc
public import Platform
import UsageStore

/// The usage database as the administration reads it: opened at the first question, and kept open.
///
/// The aggregator makes and writes the file; it may not be there yet. No question takes longer than `patience`, because control's
/// loop answers heartbeats too.
public final class UsageFile {
    /// Nanoseconds a question may take.
    public static let patience: UInt64 = 3_000_000_000

    private let path: String
    private let now: () -> UInt64
    private var reader: UsageReader?

    /// `now` is monotonic, in nanoseconds.
    public init(stateDirectory: String, now: @escaping () -> UInt64 = Clocks.monotonicNanoseconds) {
        self.path = UsageSchema.path(stateDirectory: stateDirectory)
        self.now = now
    }

    /// Asks a question; the second parameter of `body` tells whether it takes too long. Nil when there is no file, and so no
    /// record, yet.
    func ask<Value>(
        _ body: (UsageReader, () -> Bool) throws(UsageReadingFailure) -> Value
    ) throws(AdministrationFailure) -> Value? {
        let deadline = self.now() &+ Self.patience
        do throws(UsageReadingFailure) {
            guard let reader = try self.open() else { return nil }
            return try body(reader) { self.now() >= deadline }
        } catch {
            switch error {
            case .database(let error):
                // Whatever it was, the next question begins anew.
                self.reader = nil
                throw AdministrationFailure(status: 503, code: "storage_failed", message: "usage database: \(error)")
            case .tookTooLong:
                throw AdministrationFailure(
                    status: 503, code: "question_too_large",
                    message: "there are too many requests to add up in \(Self.patience / 1_000_000_000) seconds: "
                        + "ask for a shorter period")
            }
        }
    }

    private func open() throws(UsageReadingFailure) -> UsageReader? {
        if let reader = self.reader { return reader }
        guard unsafe access(self.path, F_OK) == 0 else { return nil }
        do throws(DatabaseError) {
            let reader = try UsageReader(path: self.path)
            self.reader = reader
            return reader
        } catch {
            throw .database(error)
        }
    }
}
