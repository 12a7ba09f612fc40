import Domain
import Platform

@testable import UpstreamWorker

/// A provider and a worker on the same loop is not possible before the port is known, so the provider comes first on
/// a loop of its own that is turned along.
struct WorkerPair {
    let provider: TestServer
    let providerLoop: EpollLoop
    let worker: WorkerBench

    init(
        timeouts: ProviderTimeouts = ProviderTimeouts(), maxConnections: UInt32 = 1024, bodyBudget: Int = 1 << 30,
        prices: [Price] = [], images: (any ImageSource)? = nil,
        settings: (_ port: Int) -> ProviderSettings? = { _ in nil },
        _ handler: @escaping (TestServer.Connection, TestServer.Request) -> Void
    ) throws {
        self.providerLoop = try EpollLoop()
        self.provider = try TestServer(self.providerLoop, handler: handler)
        self.worker = try WorkerBench(
            [
                settings(self.provider.port)
                    ?? WorkerBench.provider(self.provider.port, timeouts: timeouts, maxConnections: maxConnections)
            ],
            prices: prices, images: images, bodyBudget: bodyBudget)
    }

    func run(until condition: () -> Bool) throws -> Bool {
        let end = Clocks.monotonicNanoseconds() + 20_000_000_000
        while !condition() {
            guard Clocks.monotonicNanoseconds() < end else { return false }
            try self.worker.loop.turn(waitingAtMost: 1_000_000)
            try self.providerLoop.turn(waitingAtMost: 0)
        }
        return true
    }

    func settle() throws {
        for _ in 0..<50 {
            try self.worker.loop.turn(waitingAtMost: 1_000_000)
            try self.providerLoop.turn(waitingAtMost: 0)
        }
    }
}
