import Database
import Glibc
public import Domain
public import Platform
public import UsageStore

/// The usage database as the administration reads it, file or server: opened at the first question, and kept open.
///
/// The aggregator makes and writes a file; it may not be there yet. No question takes much longer than `patience`: there are few threads
/// for them.
public final class UsageFile {
    /// Nanoseconds a question may take.
    public static let patience: UInt64 = 3_000_000_000

    private let database: UsageDatabase
    private let now: () -> UInt64
    private var reader: UsageReader?

    /// `now` is monotonic, in nanoseconds.
    public init(_ database: UsageDatabase, now: @escaping () -> UInt64 = Clocks.monotonicNanoseconds) {
        self.database = database
        self.now = now
    }

    /// The one at an address; nil: the file in the state folder.
    public convenience init(_ address: DatabaseAddress?, stateDirectory: String) {
        self.init(address.map { UsageDatabase($0) } ?? .file(stateDirectory: stateDirectory))
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
                throw AdministrationFailure(error, of: "usage database")
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
        if let path = self.database.path, unsafe access(path, F_OK) != 0 { return nil }
        do throws(DatabaseError) {
            let reader = try self.database.reader()
            self.reader = reader
            return reader
        } catch {
            throw .database(error)
        }
    }
}
