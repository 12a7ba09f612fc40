import Domain
import Resilience
import Testing

/// Random runs against a plain account of what has entered and left.
@Suite struct FairQueuePropertyTests {
    /// Repeatable randomness (xorshift).
    private struct Dice {
        private var state: UInt64

        init(_ seed: UInt64) { self.state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

        mutating func next() -> UInt64 {
            self.state ^= self.state << 13
            self.state ^= self.state >> 7
            self.state ^= self.state << 17
            return self.state
        }

        mutating func below(_ bound: UInt64) -> UInt64 { self.next() % bound }
    }

    /// What is expected of the queue: the lines of its projects, and who has come before whom.
    private struct Account {
        var lines: [[QueueTicket]]
        var weights: [UInt16]
        var ages: [(ticket: QueueTicket, at: UInt64)] = []

        var count: Int { self.lines.reduce(0) { $0 + $1.count } }

        func share(_ number: Int, _ weight: UInt16, length: UInt32) -> Int {
            var weights = Int(weight)
            for other in self.lines.indices where other != number && !self.lines[other].isEmpty {
                weights += Int(self.weights[other])
            }
            return length == 0 ? 0 : max(1, Int(length) * Int(weight) / weights)
        }

        mutating func leave(_ ticket: QueueTicket) -> (project: Int, place: Int)? {
            for number in self.lines.indices {
                if let place = self.lines[number].firstIndex(of: ticket) {
                    self.lines[number].remove(at: place)
                    self.ages.removeAll { $0.ticket == ticket }
                    return (number, place)
                }
            }
            return nil
        }
    }

    private func id(_ number: Int) -> EntityID { EntityID(high: UInt64(number), low: 7) }

    /// Whatever happens: nobody is lost or comes up twice, lines are kept in order, no bound is crossed, and who is refused for want
    /// of room really has its share.
    @Test func nothingIsLostAndEveryBoundHolds() {
        var failures = 0
        for run in 0..<100_000 where failures < 5 {
            var dice = Dice(UInt64(run) + 1)
            let length = UInt32(dice.below(9))
            let projects = Int(dice.below(4)) + 1
            let patience = dice.below(20) + 1
            var queue = FairQueue(QueueTerms(length: length, patience: patience, places: 1))
            var account = Account(
                lines: Array(repeating: [], count: projects), weights: Array(repeating: 1, count: projects))
            var now: UInt64 = 1
            var problem: String?
            for _ in 0..<(8 + dice.below(16)) where problem == nil {
                now += dice.below(3)
                switch dice.below(8) {
                case 0...3:
                    let number = Int(dice.below(UInt64(projects)))
                    let weight = UInt16([1, 1, 2, 3, 1000][Int(dice.below(5))])
                    let share = account.share(number, weight, length: length)
                    let isFull = account.count >= Int(length)
                    switch queue.enter(self.id(number), weight: weight, at: now) {
                    case .accepted(let ticket, let displaced):
                        if account.lines[number].count >= share { problem = "more than its share" }
                        if (displaced != nil) != isFull { problem = "who is displaced without need, or not with it" }
                        account.weights[number] = weight
                        if let displaced, let (other, place) = account.leave(displaced) {
                            if place != account.lines[other].count { problem = "displaced from within its line" }
                            let rest = account.share(other, account.weights[other], length: length)
                            if account.lines[other].count < min(rest, 1) { problem = "displaced its only one" }
                        } else if displaced != nil {
                            problem = "displaced who was not there"
                        }
                        account.lines[number].append(ticket)
                        account.ages.append((ticket, now))
                    case .refused:
                        if account.lines[number].count < share, !isFull { problem = "refused without need" }
                    }
                case 4, 5:
                    guard let next = queue.next else {
                        if account.count > 0 { problem = "nobody's turn" }
                        break
                    }
                    if !queue.serve(next) { problem = "not served" }
                    guard let (_, place) = account.leave(next) else {
                        problem = "served who was not there"
                        break
                    }
                    if place != 0 { problem = "not the first of its line" }
                case 6:
                    guard !account.ages.isEmpty else { break }
                    let ticket = account.ages[Int(dice.below(UInt64(account.ages.count)))].ticket
                    if !queue.remove(ticket) || queue.contains(ticket) { problem = "not removed" }
                    _ = account.leave(ticket)
                default:
                    while let late = queue.expire(at: now) {
                        if account.ages.first.map({ $0.at + patience <= now && $0.ticket == late }) != true {
                            problem = "expired too early or out of order"
                        }
                        _ = account.leave(late)
                    }
                    if let first = account.ages.first, first.at + patience <= now { problem = "did not expire" }
                }
                if queue.count != account.count || queue.count > Int(length) { problem = "count" }
                if (queue.deadline == .max) != (account.count == 0) { problem = "deadline" }
            }
            while let next = queue.next, problem == nil {
                if account.leave(next)?.place != 0 || !queue.serve(next) { problem = "emptied out of order" }
            }
            if account.count != 0 { problem = "lost" }
            if let problem {
                failures += 1
                Issue.record("run \(run): \(problem)")
            }
        }
    }

    /// While projects are all backlogged, what each has had differs from its share by less than one turn of each of any two; and
    /// nobody waits longer than the others' weights say.
    @Test func turnsFollowTheWeightsWithinABound() {
        var failures = 0
        for run in 0..<3_000 where failures < 5 {
            var dice = Dice(UInt64(run) &* 31 + 5)
            let projects = Int(dice.below(5)) + 2
            let weights = (0..<projects).map { _ in dice.below(4) == 0 ? dice.below(1000) + 1 : dice.below(8) + 1 }
            var queue = FairQueue(QueueTerms(length: 100_000, patience: 1, places: 1))
            var owners: [Int: Int] = [:]
            var problem: String?
            func enter(_ number: Int) {
                guard
                    case .accepted(let ticket, displaced: nil) = queue.enter(
                        self.id(number), weight: UInt16(weights[number]), at: 0)
                else {
                    problem = "not let in"
                    return
                }
                owners[ticket.number] = number
            }
            // Some history before all of them wait.
            for _ in 0..<dice.below(20) { enter(Int(dice.below(UInt64(projects)))) }
            for _ in 0..<dice.below(10) { if let next = queue.next { queue.serve(next) } }
            for number in 0..<projects { for _ in 0..<3 { enter(number) } }
            var served = [UInt64](repeating: 0, count: projects)
            var since = [UInt64](repeating: 0, count: projects)
            for _ in 0..<80 where problem == nil {
                guard let next = queue.next, let owner = owners[next.number] else {
                    problem = "nobody's turn"
                    break
                }
                queue.serve(next)
                enter(owner)
                served[owner] += 1
                for number in since.indices { since[number] = number == owner ? 0 : since[number] + 1 }
                for one in 0..<projects {
                    // |served₁/w₁ − served₂/w₂| ≤ 1/w₁ + 1/w₂, and what rounding does.
                    for other in 0..<one {
                        let left = served[one] * weights[other]
                        let right = served[other] * weights[one]
                        if (left > right ? left - right : right - left) > weights[one] + weights[other] {
                            problem = "\(served) of \(weights)"
                        }
                    }
                    let turns = weights.reduce(0) { $0 + ($1 + weights[one] - 1) / weights[one] + 1 }
                    if since[one] > turns { problem = "project \(one) of \(weights) had no turn for \(since[one])" }
                }
            }
            if let problem {
                failures += 1
                Issue.record("run \(run): \(problem)")
            }
        }
    }
}
