import Administration
import EventLog
import Platform
import Synchronization

/// A thread that follows what other hosts change in a shared database: a revocation there is in force here as soon as the server says so, and a
/// second later at the latest.
final class DatabaseWatch: Sendable {
    /// Milliseconds between two looks where the server says nothing.
    private static let pause: UInt64 = 1000

    private let source: AdministrationSource
    private let log: Log
    private let isClosed = Atomic<Bool>(false)

    init(_ source: AdministrationSource, log: Log) {
        self.source = source
        self.log = log
    }

    func start() throws(SystemError) {
        try WorkerThread(name: "database watch") { self.run() }.detach()
    }

    /// It ends by itself, a second later at the latest where the server answers.
    func close() { self.isClosed.store(true, ordering: .releasing) }

    private func run() {
        var store: AdministrationStore?
        var isAway = false
        while !self.isClosed.load(ordering: .acquiring) {
            do {
                let opened = try store ?? self.source.open()
                store = opened
                try opened.follow(milliseconds: Self.pause)
                if isAway { self.log.info("the control database answers again") }
                isAway = false
            } catch {
                if !isAway { self.log.error("the control database is away", ["error": .string("\(error)")]) }
                isAway = true
                Clocks.sleep(milliseconds: Self.pause)
            }
        }
    }
}
