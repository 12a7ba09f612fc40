/// Memory in which one piece of a body at a time lies while a delegate reads it; shared by all transfers of a client, so that it
/// stays in the processor's cache.
// SAFETY: the memory is owned by this object and lent to one user at a time; a user within another's call gets memory of its own.
@safe
final class ReadScratch {
    /// Bytes of the largest piece. libcurl's own are no larger.
    static let size = 16 << 10

    private let memory: UnsafeMutableRawBufferPointer
    private var isLent = false

    init() {
        unsafe self.memory = .allocate(byteCount: ReadScratch.size, alignment: 16)
    }

    deinit {
        unsafe self.memory.deallocate()
    }

    /// Lends at least `count` bytes, and `size` where that is more.
    func lend<Result>(_ count: Int, _ body: (UnsafeMutableRawBufferPointer) -> Result) -> Result {
        guard !self.isLent, count <= ReadScratch.size else {
            return unsafe withUnsafeTemporaryAllocation(byteCount: max(count, ReadScratch.size), alignment: 16) {
                unsafe body($0)
            }
        }
        self.isLent = true
        defer { self.isLent = false }
        return unsafe body(self.memory)
    }
}
