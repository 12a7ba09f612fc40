/// A binary heap of timers, soonest first; a timer knows its place, so it can be taken out or moved in O(log n).
struct TimerHeap {
    private var timers: [LoopTimer] = []

    var isEmpty: Bool { self.timers.isEmpty }
    var soonest: LoopTimer? { self.timers.first }

    mutating func insert(_ timer: LoopTimer) {
        timer.place = self.timers.count
        self.timers.append(timer)
        self.siftUp(timer.place)
    }

    mutating func remove(_ timer: LoopTimer) {
        let place = timer.place
        guard place >= 0, place < self.timers.count, self.timers[place] === timer else { return }
        timer.place = -1
        let last = self.timers.removeLast()
        guard last !== timer else { return }
        self.timers[place] = last
        last.place = place
        self.siftUp(place)
        self.siftDown(last.place)
    }

    private mutating func siftUp(_ start: Int) {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 2
            guard self.timers[place].deadline < self.timers[parent].deadline else { return }
            self.exchange(place, parent)
            place = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var place = start
        while true {
            var least = place
            for child in (2 * place + 1)...(2 * place + 2)
            where child < self.timers.count && self.timers[child].deadline < self.timers[least].deadline {
                least = child
            }
            guard least != place else { return }
            self.exchange(place, least)
            place = least
        }
    }

    private mutating func exchange(_ a: Int, _ b: Int) {
        self.timers.swapAt(a, b)
        self.timers[a].place = a
        self.timers[b].place = b
    }
}
