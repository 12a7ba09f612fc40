/// A heap of small numbers, each in it at most once: the one with the smallest key first, changed and taken out anywhere in
/// O(log n).
struct IndexedHeap {
    /// What numbers are ordered by: `first`, and where that is equal, `second`.
    struct Key: Comparable {
        var first: UInt64
        var second: UInt64 = 0

        static func < (left: Key, right: Key) -> Bool {
            left.first != right.first ? left.first < right.first : left.second < right.second
        }
    }

    private var nodes: [(key: Key, number: Int)] = []
    /// By number: where it is in `nodes`; -1 for one that is not.
    private var places: [Int] = []

    var count: Int { self.nodes.count }
    var first: Int? { self.nodes.first?.number }

    /// Puts the number in, or moves it to where its new key belongs.
    mutating func set(_ number: Int, to key: Key) {
        while self.places.count <= number { self.places.append(-1) }
        let place = self.places[number]
        if place < 0 {
            self.nodes.append((key, number))
            self.places[number] = self.nodes.count - 1
            self.rise(self.nodes.count - 1)
        } else {
            let isSmaller = key < self.nodes[place].key
            self.nodes[place].key = key
            if isSmaller { self.rise(place) } else { self.sink(place) }
        }
    }

    /// Harmless for a number that is not in it.
    mutating func remove(_ number: Int) {
        guard number < self.places.count, self.places[number] >= 0 else { return }
        let place = self.places[number]
        self.places[number] = -1
        let last = self.nodes.removeLast()
        guard place < self.nodes.count else { return }
        let isSmaller = last.key < self.nodes[place].key
        self.nodes[place] = last
        self.places[last.number] = place
        if isSmaller { self.rise(place) } else { self.sink(place) }
    }

    private mutating func rise(_ start: Int) {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 2
            guard self.nodes[place].key < self.nodes[parent].key else { return }
            self.exchange(place, parent)
            place = parent
        }
    }

    private mutating func sink(_ start: Int) {
        var place = start
        while true {
            var smallest = place
            for child in (2 * place + 1)...(2 * place + 2) where child < self.nodes.count {
                if self.nodes[child].key < self.nodes[smallest].key { smallest = child }
            }
            guard smallest != place else { return }
            self.exchange(place, smallest)
            place = smallest
        }
    }

    private mutating func exchange(_ one: Int, _ other: Int) {
        self.nodes.swapAt(one, other)
        self.places[self.nodes[one].number] = one
        self.places[self.nodes[other].number] = other
    }
}
