import Domain
import Resilience
import Testing

@Suite struct FairQueueTests {
    private static let second: UInt64 = 1_000_000_000

    private func project(_ number: Int) -> EntityID { EntityID(high: 1, low: UInt64(number)) }

    private func queue(_ length: UInt32 = 100, places: UInt32 = 1, sharers: UInt32 = 1) -> FairQueue {
        FairQueue(QueueTerms(length: length, patience: Self.second, places: places, sharers: sharers))
    }

    /// Enters, and expects that it is let in without anybody having to leave.
    private func enter(_ queue: inout FairQueue, _ number: Int, weight: UInt16 = 1, at now: UInt64 = 0) -> QueueTicket?
    {
        guard case .accepted(let ticket, displaced: nil) = queue.enter(self.project(number), weight: weight, at: now)
        else { return nil }
        return ticket
    }

    private func expectRefusal(_ queue: inout FairQueue, _ number: Int, weight: UInt16, wait: UInt64) {
        let entering = queue.enter(self.project(number), weight: weight, at: 0)
        #expect(entering == .refused(expectedWait: wait))
    }

    @Test func oneProjectIsServedInOrder() {
        var queue = self.queue()
        let tickets = (0..<10).map { _ in self.enter(&queue, 1) }
        #expect(!tickets.contains(nil))
        for ticket in tickets {
            #expect(queue.next == ticket)
            // Asking changes nothing: one that is refused once more stays at the front.
            #expect(queue.next == ticket)
            let wasServed = ticket.map { queue.serve($0) }
            #expect(wasServed == true)
        }
        #expect(queue.next == nil)
        #expect(queue.isEmpty)
    }

    @Test func turnsFollowTheWeights() {
        var queue = self.queue(400)
        var owners: [QueueTicket: Int] = [:]
        for _ in 0..<80 {
            if let ticket = self.enter(&queue, 1, weight: 3) { owners[ticket] = 1 }
            if let ticket = self.enter(&queue, 2, weight: 1) { owners[ticket] = 2 }
        }
        #expect(owners.count == 160)
        var served = [0, 0, 0]
        for _ in 0..<80 {
            guard let next = queue.next, let owner = owners[next] else { break }
            served[owner] += 1
            queue.serve(next)
        }
        #expect((59...61).contains(served[1]))
        #expect((19...21).contains(served[2]))
    }

    @Test func aProjectSavesUpNoTurnsAndWinsNoneByLeaving() {
        var queue = self.queue()
        var owners: [QueueTicket: Int] = [:]
        for _ in 0..<50 { if let ticket = self.enter(&queue, 1) { owners[ticket] = 1 } }
        var served = [0, 0, 0]
        for round in 0..<40 {
            // The second one never has more than one waiting, and comes only after ten rounds.
            if round >= 10, !owners.contains(where: { $0.value == 2 && queue.contains($0.key) }),
                let ticket = self.enter(&queue, 2)
            {
                owners[ticket] = 2
            }
            guard let next = queue.next, let owner = owners[next] else { break }
            served[owner] += 1
            queue.serve(next)
        }
        #expect((24...26).contains(served[1]))
        #expect((14...16).contains(served[2]))
    }

    @Test func whoWaitsAloneMayHaveAllOfIt() {
        var queue = self.queue(4)
        let four = (0..<4).map { _ in self.enter(&queue, 1) }
        #expect(!four.contains(nil))
        let fifth = self.enter(&queue, 1)
        #expect(fifth == nil)
        #expect(queue.count == 4)
    }

    @Test func whoHasMoreThanItsShareGivesWay() {
        var queue = self.queue(4)
        let first = (0..<4).map { _ in self.enter(&queue, 1) }
        // Half of it is the second's, and taken from the end of the first's line.
        guard case .accepted(_, displaced: first[3]) = queue.enter(self.project(2), weight: 1, at: 0),
            case .accepted(_, displaced: first[2]) = queue.enter(self.project(2), weight: 1, at: 0)
        else {
            Issue.record("nobody gave way")
            return
        }
        self.expectRefusal(&queue, 2, weight: 1, wait: 0)
        self.expectRefusal(&queue, 1, weight: 1, wait: 0)
        #expect(queue.count == 4)
        #expect(first.map { $0.map { queue.contains($0) } } == [true, true, false, false])
    }

    @Test func asManyProjectsAsThereIsRoomForHaveOneEach() {
        var queue = self.queue(3)
        let three = (1...3).map { self.enter(&queue, $0, weight: $0 == 1 ? 1000 : 1) }
        #expect(!three.contains(nil))
        self.expectRefusal(&queue, 4, weight: 1, wait: 0)
        self.expectRefusal(&queue, 1, weight: 1000, wait: 0)
        var none = self.queue(0)
        self.expectRefusal(&none, 1, weight: 1, wait: 0)
    }

    @Test func whoWouldWaitTooLongIsRefusedAtOnce() {
        var queue = self.queue(100, places: 2)
        for _ in 0..<10 { queue.callEnded(after: 500_000_000) }
        // Each one ahead takes a quarter of a second: with five ahead it would be more than the second there is.
        let five = (0..<5).map { _ in self.enter(&queue, 1) }
        #expect(!five.contains(nil))
        self.expectRefusal(&queue, 1, weight: 1, wait: 1_250_000_000)
        #expect(queue.expectedWait == 1_250_000_000)
        // Another project does not wait for all of them.
        let other = self.enter(&queue, 2)
        #expect(other != nil)
        // Half of the places are another worker's.
        queue.terms.sharers = 2
        #expect(queue.expectedWait == 3_000_000_000)
        queue.terms.sharers = .max
        queue.callEnded(after: .max)
        #expect(queue.expectedWait == .max)
    }

    @Test func theOneThatHasWaitedLongestLeavesFirst() {
        var queue = self.queue()
        #expect(queue.deadline == .max)
        let first = self.enter(&queue, 1, at: 5)
        let second = self.enter(&queue, 2, at: 6)
        #expect(queue.deadline == Self.second + 5)
        let expired = [4, 5, 5].map { queue.expire(at: Self.second + $0) }
        #expect(expired == [nil, first, nil])
        #expect(queue.next == second)
        #expect(second.flatMap { queue.waited($0, at: 10) } == 4)
        #expect(first.flatMap { queue.waited($0, at: 10) } == nil)
    }

    @Test func aTicketThatHasLeftIsNoOthers() {
        var queue = self.queue()
        let first = self.enter(&queue, 1)
        let wasRemoved = first.map { queue.remove($0) }
        #expect(wasRemoved == true)
        let second = self.enter(&queue, 1)
        #expect(first?.number == second?.number)
        let isRemoved = first.map { queue.remove($0) }
        let isServed = first.map { queue.serve($0) }
        #expect(isRemoved == false)
        #expect(isServed == false)
        #expect(queue.count == 1)
    }

    @Test func theMeanFollowsWhatIsMeasured() {
        var mean = MeanTime()
        #expect(mean.nanoseconds == 0)
        mean.add(800)
        #expect(mean.nanoseconds == 800)
        mean.add(1600)
        #expect(mean.nanoseconds == 900)
        for _ in 0..<200 { mean.add(0) }
        #expect(mean.nanoseconds < 10)
    }
}
