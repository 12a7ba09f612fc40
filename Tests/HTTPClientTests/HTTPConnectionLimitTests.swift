import HTTPClient
import Platform
import Testing

/// The queue in front of the connections.
@Suite(.serialized)
struct HTTPConnectionLimitTests {
    /// A delegate that only the client and its queue keep.
    private func start(
        _ bench: Bench, _ target: HTTPTarget, _ ended: @escaping () -> Void = {}
    ) -> (transfer: HTTPTransfer, delegate: WeakTest, body: WeakTransfer) {
        let test = TestTransfer()
        test.onEnd = { _ in ended() }
        let transfer = bench.client.start(target, body: .bytes(Array("{}".utf8)), delegate: test)
        return (transfer, WeakTest(test), WeakTransfer(transfer))
    }

    private struct WeakTest {
        weak var test: TestTransfer?
        init(_ test: TestTransfer) { self.test = test }
    }

    private struct WeakTransfer {
        weak var transfer: HTTPTransfer?
        init(_ transfer: HTTPTransfer) { self.transfer = transfer }
    }

    @Test
    func aCancelledTransferLeavesTheQueueWithItsBody() throws {
        var held: TestServer.Connection?
        let bench = try Bench(connections: 1) { connection, _ in
            if held == nil { held = connection } else { connection.reply("ok") }
        }
        let target = bench.target()
        let first = bench.start(target)
        #expect(try bench.run { held != nil })
        var weak: [WeakTransfer] = []
        for _ in 0..<500 {
            let (transfer, _, body) = self.start(bench, target)
            weak.append(body)
            transfer.cancel()
            transfer.cancel()
        }
        #expect(bench.limit.queued == 0)
        #expect(weak.allSatisfy { $0.transfer == nil })
        // Nor does a cancelled one in the middle keep its place, or the order suffer.
        var order: [Int] = []
        var transfers: [HTTPTransfer] = []
        for index in 0..<300 {
            transfers.append(self.start(bench, target) { order.append(index) }.transfer)
        }
        for index in 0..<300 where index % 10 != 3 { transfers[index].cancel() }
        #expect(bench.limit.queued == 30)
        transfers = []
        held?.reply("ok")
        #expect(try bench.run { order.count == 30 && first.isOver })
        #expect(order == (0..<30).map { $0 * 10 + 3 })
        #expect(bench.limit.active == 0)
        #expect(bench.limit.queued == 0)
    }

    @Test
    func aFinishedTransferIsNotKeptByTheQueueItCameFrom() throws {
        let bench = try Bench(connections: 1) { connection, _ in connection.reply("ok") }
        let target = bench.target()
        var ended = 0
        var weak: [WeakTransfer] = []
        for _ in 0..<10 { weak.append(self.start(bench, target) { ended += 1 }.body) }
        #expect(bench.limit.queued == 9)
        #expect(try bench.run { ended == 5 })
        #expect(weak.prefix(4).allSatisfy { $0.transfer == nil })
        #expect(try bench.run { ended == 10 })
        try bench.settle()
        #expect(weak.allSatisfy { $0.transfer == nil })
    }
}
