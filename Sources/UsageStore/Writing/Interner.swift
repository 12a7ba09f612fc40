import Glibc

/// Remembers the numbers of rows that were looked up or made lately, by the bytes that make them what they are.
///
/// A fixed number of places: a new key takes the place of the one before it there, so that no client can make it grow. It is
/// to be forgotten when a transaction is undone, because the rows it speaks of may be gone.
// SAFETY: the arena is allocated once and freed in deinit; every key's length was checked when it was stored.
@safe
final class Interner {
    private struct Place {
        var hash: UInt64 = 0
        var number: Int64 = -1
        var length = 0
    }

    /// A longer key is looked up in the database each time.
    private static let maximumKey = 512
    private var places: [Place]
    private let arena: UnsafeMutableRawBufferPointer

    /// `places` must be a power of two.
    init(places: Int = 512) {
        self.places = [Place](repeating: Place(), count: places)
        unsafe self.arena = UnsafeMutableRawBufferPointer.allocate(byteCount: places * Self.maximumKey, alignment: 8)
    }

    deinit {
        unsafe self.arena.deallocate()
    }

    func forget() {
        for index in self.places.indices { self.places[index] = Place() }
    }

    /// The row's number; `find` looks it up, or makes it, where it is not remembered.
    @inline(__always)
    func number<Failure>(of key: InternKey, find: () throws(Failure) -> Int64) throws(Failure) -> Int64 {
        let hash = key.hash
        let index = Int(truncatingIfNeeded: hash) & (self.places.count - 1)
        let place = self.places[index]
        if place.hash == hash, place.length == key.count, place.number >= 0, self.matches(index, key) {
            return place.number
        }
        let length = key.count
        let number = try find()
        // `find` may have used the key's buffer; keys that are remembered must be whole.
        if length == key.count, key.hash == hash, length <= Self.maximumKey, length > 0,
            let start = unsafe self.arena.baseAddress, let source = unsafe key.bytes.baseAddress
        {
            unsafe (start + index * Self.maximumKey).copyMemory(from: source, byteCount: length)
            self.places[index] = Place(hash: hash, number: number, length: length)
        }
        return number
    }

    @inline(__always)
    private func matches(_ index: Int, _ key: InternKey) -> Bool {
        guard let start = unsafe self.arena.baseAddress, let other = unsafe key.bytes.baseAddress else { return false }
        return unsafe memcmp(start + index * Self.maximumKey, other, key.count) == 0
    }
}
