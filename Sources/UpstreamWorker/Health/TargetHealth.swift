internal import Limits

/// A provider, or one of its models, as this process knows it: where its entry is, and how many calls this process has running.
///
/// Lives on the worker's loop, over all configurations.
final class TargetHealth {
    let id: HealthID
    /// Clients can make up models: those get an entry only when they have shown that they exist, and while there is room.
    private let isChosenByClients: Bool
    /// Calls of this process.
    private(set) var running: UInt32 = 0
    private var entry: Int?
    private var runningWord: (entry: Int, word: Int)?
    private var generation: UInt64 = 0

    init(_ id: HealthID, isChosenByClients: Bool) {
        self.id = id
        self.isChosenByClients = isChosenByClients
    }

    /// Where its entry is; nil while it has none.
    @inline(__always)
    func entry(_ health: SharedHealth) -> Int? {
        if self.generation == health.generation, let entry = self.entry { return entry }
        return self.find(health)
    }

    @inline(never)
    private func find(_ health: SharedHealth) -> Int? {
        if self.generation != health.generation {
            self.generation = health.generation
            self.runningWord = nil
        }
        self.entry = self.isChosenByClients ? health.board?.find(self.id) : health.board?.enter(self.id)
        if self.entry != nil { self.sayRunning(health) }
        return self.entry
    }

    /// The same, made where it is not there; nil where there is no room.
    func entered(_ health: SharedHealth) -> Int? {
        if let entry = self.entry(health) { return entry }
        self.entry = health.board?.enter(self.id, isChosenByClients: self.isChosenByClients)
        if self.entry != nil { self.sayRunning(health) }
        return self.entry
    }

    func began(_ health: SharedHealth) {
        self.running += 1
        if self.entry(health) != nil { self.sayRunning(health) }
    }

    func ended(_ health: SharedHealth) {
        if self.running > 0 { self.running -= 1 }
        if self.entry(health) != nil { self.sayRunning(health) }
    }

    private func sayRunning(_ health: SharedHealth) {
        guard let board = health.board, let place = health.place, let owner = health.owner else { return }
        if self.runningWord == nil {
            self.runningWord = board.runningWord(self.id, place: place, isChosenByClients: self.isChosenByClients)
        }
        guard let word = self.runningWord else { return }
        board.store(word.entry, word.word, HealthBoard.running(self.running, instance: owner.instance))
    }

    /// Calls of all upstreams.
    func load(_ health: SharedHealth) -> UInt32 {
        guard let board = health.board, self.entry(health) != nil, self.runningWord != nil else { return self.running }
        return max(self.running, board.running(self.id))
    }
}
