/// The body of a reply that several read, each at its own pace: what not all have read yet, and, as long as another reader may
/// come, all of it. Pure.
struct KeptReply {
    /// Bytes that are kept at most before more is taken from the provider. Above it nobody else may begin to read.
    static let maximum = 4 << 20
    /// More is taken again when no more than this has to be kept.
    static let comfortable = maximum / 2

    private var bytes: [UInt8] = []
    /// Where in the reply the bytes begin: what came before all have read.
    private(set) var start = 0

    /// Where in the reply they end.
    var end: Int { self.start + self.bytes.count }
    var count: Int { self.bytes.count }

    mutating func append(_ more: UnsafeRawBufferPointer) {
        unsafe self.bytes.append(contentsOf: more)
    }

    /// Hands out `count` bytes from `offset` on, which must not have been dropped.
    func read(from offset: Int, _ count: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard offset >= self.start, count > 0, offset + count <= self.end else { return }
        unsafe self.bytes.withUnsafeBytes {
            unsafe body(UnsafeRawBufferPointer(rebasing: $0[(offset - self.start)..<(offset - self.start + count)]))
        }
    }

    /// Nobody wants anything before `offset` any more.
    mutating func drop(before offset: Int) {
        let count = min(offset - self.start, self.bytes.count)
        guard count > 0 else { return }
        self.bytes.removeFirst(count)
        self.start += count
    }

    mutating func dropAll() {
        self.start = self.end
        self.bytes = []
    }
}
