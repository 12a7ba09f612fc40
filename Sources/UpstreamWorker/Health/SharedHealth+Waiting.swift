internal import Limits

extension SharedHealth {
    /// Says on the board how many requests wait in this process, by provider, for operators who look. To be called about once a
    /// second: what nobody ever waited for needs no entry.
    func say(waiting counters: [String: AttemptCounter]) {
        guard let board = self.board, let owner = self.owner, let place = self.place else { return }
        for (name, counter) in counters where counter.queue.wasUsed {
            guard let word = board.runningWord(.waiting(name), place: place) else { continue }
            let waiting = UInt32(clamping: counter.queue.waiting)
            board.store(word.entry, word.word, HealthBoard.running(waiting, instance: owner.instance))
        }
    }
}
