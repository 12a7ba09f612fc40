import Domain
import IPC
import Testing

@Suite struct OutputQueueTests {
    private func link() -> LinkMachine {
        LinkMachine(
            hello: Hello(role: .edge, instance: 1, build: []), peerRole: .upstream, peerInstance: 1, accepting: .client)
    }

    private func drain(_ queue: inout OutputQueue) -> [UInt8] {
        var bytes: [UInt8] = []
        while let batch = queue.nextBatch() {
            bytes += batch
            queue.recycle(batch)
        }
        return bytes
    }

    private func add(_ queue: inout OutputQueue, _ window: inout LinkMachine, bytes count: Int, stream: UInt64 = 1) {
        let payload = [UInt8](repeating: UInt8(truncatingIfNeeded: stream), count: count)
        unsafe payload.withUnsafeBytes {
            unsafe queue.append(
                data: FrameHeader(type: .chunk, stream: stream, length: UInt32(count)), $0, window: &window)
        }
    }

    @Test func framesGoOutInOrderAndUrgentOnesFirst() {
        var queue = OutputQueue()
        var window = self.link()
        #expect(queue.isEmpty)
        queue.append([1, 2])
        self.add(&queue, &window, bytes: 3)
        queue.append(urgent: [9])
        queue.append([3])
        #expect(!queue.isEmpty)
        let bytes = self.drain(&queue)
        #expect(bytes.first == 9)
        #expect(Array(bytes[1...2]) == [1, 2])
        #expect(bytes.count == 1 + 2 + 16 + 3 + 1)
        #expect(bytes.last == 3)
        #expect(queue.isEmpty)
    }

    @Test func theMemoryOfAWrittenBatchServesTheNext() {
        var queue = OutputQueue()
        var window = self.link()
        self.add(&queue, &window, bytes: 20_000)
        _ = self.drain(&queue)
        for _ in 0..<3 {
            queue.append([1])
            let batch = queue.nextBatch()
            #expect(batch == [1])
            #expect((batch?.capacity ?? 0) >= 20_000)
            if let batch { queue.recycle(batch) }
            #expect(queue.nextBatch() == nil)
            #expect(queue.isEmpty)
        }
    }

    @Test func anUrgentFrameWaitsForOneBatchAtMost() {
        var queue = OutputQueue()
        var window = self.link()
        for _ in 0..<32 { self.add(&queue, &window, bytes: WireLimits.data) }
        let first = queue.nextBatch()
        #expect((first?.count ?? .max) <= OutputQueue.batchSize + WireLimits.data + 16)
        queue.append(urgent: [9])
        #expect(queue.nextBatch() == [9])
        #expect(self.drain(&queue).count == 32 * (WireLimits.data + 16) - (first?.count ?? 0))
    }

    @Test func dataBeyondTheWindowWaitsAndItsEndWaitsBehindIt() throws {
        var queue = OutputQueue()
        var window = self.link()
        for _ in 0..<(WireLimits.linkWindow / WireLimits.data) { self.add(&queue, &window, bytes: WireLimits.data) }
        #expect(!queue.isHolding)
        self.add(&queue, &window, bytes: 10, stream: 2)
        queue.append([5, 5])
        #expect(queue.isHolding)
        #expect(self.drain(&queue).count == WireLimits.linkWindow + 16 * WireLimits.linkWindow / WireLimits.data)

        queue.release(window: &window)
        #expect(self.drain(&queue).isEmpty)

        var opened = window
        unsafe try Hello(role: .upstream, instance: 1, build: []).frame().withUnsafeBytes {
            _ = unsafe try opened.received(
                FrameHeader(type: .hello, stream: 0, length: UInt32($0.count - 16)),
                UnsafeRawBufferPointer(rebasing: $0[16...]))
        }
        unsafe try Credit(bytes: 10).frame().withUnsafeBytes {
            _ = unsafe try opened.received(
                FrameHeader(type: .credit, stream: 0, length: 4), UnsafeRawBufferPointer(rebasing: $0[16...]))
        }
        queue.release(window: &opened)
        let rest = self.drain(&queue)
        #expect(rest.count == 16 + 10 + 2)
        #expect(Array(rest.suffix(2)) == [5, 5])
        #expect(!queue.isHolding)
    }
}
