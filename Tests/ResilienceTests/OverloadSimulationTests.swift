import Domain
import Resilience
import Testing

/// A provider with 20 places for calls of 100 ms, and ten times as many requests as it can serve, in simulated time: four workers
/// with a queue each, two projects of weights 3 and 1 that send the same amount.
@Suite struct OverloadSimulationTests {
    private struct Call {
        var worker: Int
        var endsAt: UInt64
    }

    private static let millisecond: UInt64 = 1_000_000
    private static let places = 20
    private static let callTime: UInt64 = 100 * millisecond

    @Test(arguments: [1, 4])
    func theProviderIsKeptBusyAndSharedByWeight(workers: Int) {
        let length = UInt32(256 / workers)
        var queues = [FairQueue](
            repeating: FairQueue(
                QueueTerms(
                    length: length, patience: 5_000 * Self.millisecond, places: UInt32(Self.places),
                    sharers: UInt32(workers))), count: workers)
        var owners = [[QueueTicket: Int]](repeating: [:], count: workers)
        var entered = [[QueueTicket: UInt64]](repeating: [:], count: workers)
        var running: [Call] = []
        var served = [0, 0]
        var refusedLate = 0
        var longestWait: UInt64 = 0
        var random: UInt64 = 88_172_645_463_325_252
        func worker() -> Int {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return Int(random % UInt64(workers))
        }
        /// Serves the first in line if there is a place.
        func serve(_ worker: Int, at now: UInt64) -> Bool {
            guard running.count < Self.places, let ticket = queues[worker].next else { return false }
            queues[worker].serve(ticket)
            running.append(Call(worker: worker, endsAt: now + Self.callTime))
            if let owner = owners[worker].removeValue(forKey: ticket), now >= 2_000 * Self.millisecond {
                served[owner] += 1
            }
            longestWait = max(longestWait, now - (entered[worker].removeValue(forKey: ticket) ?? now))
            return true
        }
        for step in UInt64(0)..<12_000 {
            let now = step * Self.millisecond
            // Overload for 10 s, then nothing comes any more.
            for project in 0..<(step < 10_000 ? 2 : 0) {
                let worker = worker()
                let entering = queues[worker].enter(
                    EntityID(high: 1, low: UInt64(project)), weight: project == 0 ? 3 : 1, at: now)
                guard case .accepted(let ticket, let displaced) = entering else { continue }
                owners[worker][ticket] = project
                entered[worker][ticket] = now
                if let displaced {
                    owners[worker][displaced] = nil
                    if now - (entered[worker].removeValue(forKey: displaced) ?? now) > 50 * Self.millisecond {
                        refusedLate += 1
                    }
                }
            }
            // A worker uses at once what it frees; the others look every 5 ms.
            let ended = running.filter { $0.endsAt <= now }
            running.removeAll { $0.endsAt <= now }
            for call in ended { _ = serve(call.worker, at: now) }
            for worker in queues.indices where step % 5 == UInt64(worker) { while serve(worker, at: now) {} }
            for worker in queues.indices {
                while let late = queues[worker].expire(at: now) { owners[worker][late] = nil }
            }
            if step == 100 { for worker in queues.indices { queues[worker].callEnded(after: Self.callTime) } }
        }
        let goodput = Double(served[0] + served[1]) / 8
        #expect(goodput >= 180, "\(goodput) a second of 200")
        let shares = Double(served[0]) / Double(max(1, served[1]))
        #expect((2.7...3.3).contains(shares), "\(served)")
        #expect(refusedLate < 20)
        #expect(longestWait < 5_000 * Self.millisecond)
        // Two seconds after the flood nobody waits any more.
        let waiting = queues.map(\.count)
        #expect(waiting == Array(repeating: 0, count: workers))
        #expect(running.isEmpty)
    }
}
