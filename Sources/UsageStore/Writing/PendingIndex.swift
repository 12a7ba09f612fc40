import Domain

/// Finds the entry of a request (or of one of its attempts) in a batch: a hash table with open addressing.
///
/// It knows hashes and places only; the caller says whether the entry at a place is the one it looks for.
struct PendingIndex {
    private var slots: [Int32]
    private let mask: Int

    /// Room for `capacity` entries at most; kept half empty.
    init(capacity: Int) {
        var size = 64
        while size < capacity * 2 { size *= 2 }
        self.slots = [Int32](repeating: -1, count: size)
        self.mask = size - 1
    }

    /// The place of an entry for which `matches` holds; `next` is taken for it when there is none.
    @inline(__always)
    mutating func place(_ record: RecordID, _ number: UInt8, next: Int, matches: (Int) -> Bool) -> Int {
        var slot = self.slot(record, number)
        while true {
            let place = Int(self.slots[slot])
            if place < 0 {
                self.slots[slot] = Int32(truncatingIfNeeded: next)
                return next
            }
            if matches(place) { return place }
            slot = (slot + 1) & self.mask
        }
    }

    /// The place of an entry for which `matches` holds, if there is one.
    @inline(__always)
    func find(_ record: RecordID, _ number: UInt8, matches: (Int) -> Bool) -> Int? {
        var slot = self.slot(record, number)
        while true {
            let place = Int(self.slots[slot])
            if place < 0 { return nil }
            if matches(place) { return place }
            slot = (slot + 1) & self.mask
        }
    }

    @inline(__always)
    private func slot(_ record: RecordID, _ number: UInt8) -> Int {
        // Counters and milliseconds differ in their lowest bits, instances in the middle: multiplied they reach the top ones.
        let mixed = (record.low ^ (record.high << 8) ^ UInt64(number) << 56) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 32) & self.mask
    }

    mutating func clear() {
        for slot in self.slots.indices { self.slots[slot] = -1 }
    }
}
