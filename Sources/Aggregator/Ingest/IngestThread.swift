import EventLog
import Platform
import Synchronization

/// Does the turns of an `IngestWork` on a plain thread, one at a time, so that the event loop answers while a database over the network is
/// slow or away.
///
/// The loop hands an order over and gets its report when `bell` says so; there is never more than one of either. Unchecked because the work is
/// not Sendable: the thread alone uses it, from `init` on. The thread ends with the process, or with `stop`, after the turn that it does.
final class IngestThread: @unchecked Sendable {
    private struct Exchange {
        var order: IngestOrder?
        var report: IngestReport?
        var isStopping = false
    }

    /// There is a report; to be watched.
    let bell: EventCounter
    private let work: IngestWork
    private let exchange = Mutex(Exchange())
    private let orders: EventCounter

    /// Starts the thread; `work` is its own from here on.
    init(_ work: IngestWork) throws(SystemError) {
        self.work = work
        self.bell = try EventCounter(.watched)
        self.orders = try EventCounter(.awaited)
        // Retained by the thread: a turn may last longer than whoever ordered it.
        try WorkerThread(name: "usage") { self.run() }.detach()
    }

    // MARK: For the event loop

    /// Orders a turn. To be called when the turn before was reported.
    func order(_ order: IngestOrder) {
        self.exchange.withLock { $0.order = order }
        self.orders.add()
    }

    /// The report that has come, once.
    func report() -> IngestReport? {
        self.bell.take()
        return self.exchange.withLock { $0.report.take() }
    }

    /// Has the thread end after the turn that it does.
    func stop() {
        self.exchange.withLock { $0.isStopping = true }
        self.orders.add()
    }

    // MARK: The thread

    private func run() {
        while self.orders.take() {
            let (order, isStopping) = self.exchange.withLock { ($0.order.take(), $0.isStopping) }
            if isStopping { return }
            guard let order else { continue }
            let report = self.work.turn(order)
            self.exchange.withLock { $0.report = report }
            self.bell.add()
        }
    }
}
