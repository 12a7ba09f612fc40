import Domain
import Glibc
import Limits

/// One process that admits, extends and settles as fast as it can, with some requests open at the same time, until the file `stop`
/// is there. Then it settles what is open and leaves.
struct HotWorker {
    private struct Request {
        var number: UInt64
        var target: Int
        var hold: LimitHold
    }

    let folder: String
    let instance: UInt32

    func run() throws {
        let owner = LimitOwner(try LimitTable.open("\(self.folder)/limits.table", .writing, boot: Scene.boot))
        guard let book = Book(folder: self.folder, instance: self.instance) else { exit(4) }
        var tries = 0
        while owner.join(self.instance) == nil {
            tries += 1
            guard tries < 5_000 else { exit(5) }
            usleep(1_000)
        }
        var random = Random(seed: UInt64(self.instance))
        var open: [Request] = []
        var number: UInt64 = 1
        while number < UInt64(Book.capacity) {
            if open.count < 3, random.next(2) == 0 {
                let target = Int(random.next(UInt64(Targets.entries.count)))
                book.count = number
                if let hold = self.admit(owner, number, target) {
                    book.write(number, .admitted, target: target)
                    open.append(Request(number: number, target: target, hold: hold))
                    if random.next(8) == 0 {
                        _ = owner.extend(hold, self.entries(target), tokens: 4, cost: 40, at: Targets.time)
                    }
                    if random.next(4) != 0 { book.write(number, .called, target: target) }
                }
                number += 1
                if number % 256 == 0, self.isToStop { break }
            } else if !open.isEmpty {
                self.settle(owner, book, open.remove(at: Int(random.next(UInt64(open.count)))))
            }
        }
        for request in open { self.settle(owner, book, request) }
        guard owner.leave() else { exit(6) }
    }

    private func entries(_ target: Int) -> [LimitDemand.Entry] { [Targets.all, Targets.entries[target]] }

    private var isToStop: Bool { unsafe access("\(self.folder)/stop", F_OK) == 0 }

    private func admit(_ owner: LimitOwner, _ number: UInt64, _ target: Int) -> LimitHold? {
        let demand = LimitDemand(
            entries: self.entries(target), tokens: Targets.held.tokens, cost: Targets.held.cost)
        let record = RecordID(high: UInt64(self.instance), low: number)
        switch owner.admit(demand, record: record, at: Targets.time) {
        case .admitted(let hold, _): return hold
        case .refused: return nil
        case .full:
            say("WRONG instance \(self.instance): the table is full")
            exit(7)
        }
    }

    private func settle(_ owner: LimitOwner, _ book: Book, _ request: Request) {
        var use = LimitUse()
        if book.read(request.number).stage == .called {
            use = Targets.use(request.number)
            book.write(request.number, .settled, target: request.target)
        }
        owner.settle(
            request.hold, self.entries(request.target), tokens: use.tokens, cost: use.cost, softPercent: 0,
            at: Targets.time)
    }
}

/// Xorshift: the same numbers for the same seed.
struct Random {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    /// Below `bound`.
    mutating func next(_ bound: UInt64) -> UInt64 {
        self.state ^= self.state << 13
        self.state ^= self.state >> 7
        self.state ^= self.state << 17
        return (self.state >> 11) % max(1, bound)
    }
}
