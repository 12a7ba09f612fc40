import Administration
import EventLog
import Platform

/// One thread of the desk: does job after job. While there is no bench (a database that cannot be reached, a file that is damaged) each job is
/// told why, and a new one is tried for now and then.
struct DeskWorker: Sendable {
    /// Nanoseconds between two tries to get a bench.
    static let pause: UInt64 = 1_000_000_000

    let exchange: DeskExchange
    /// Makes the bench, on this thread.
    let make: @Sendable () throws(StartFailure) -> DeskBench
    let log: Log

    /// The body of the thread.
    func run() {
        var bench = self.open()
        var nextTry = Clocks.monotonicNanoseconds() &+ Self.pause
        while let job = self.exchange.next() {
            if case .failure = bench, Clocks.monotonicNanoseconds() >= nextTry {
                bench = self.open()
                nextTry = Clocks.monotonicNanoseconds() &+ Self.pause
                if case .success = bench { self.log.info("administration is available again") }
            }
            if case .success(let bench) = bench {
                let (context, generation) = self.exchange.context
                bench.use(context, generation: generation)
            }
            self.exchange.deliver(DeskExchange.Outcome(ticket: job.ticket, value: job.work(bench)))
        }
    }

    private func open() -> Result<DeskBench, AdministrationFailure> {
        do throws(StartFailure) {
            return .success(try self.make())
        } catch {
            self.log.error("administration is not available", ["error": .string(error.message)])
            return .failure(AdministrationFailure(error))
        }
    }
}
