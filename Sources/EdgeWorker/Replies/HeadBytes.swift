/// Memory for the head of one reply: its many small parts are put behind each other without asking each time whether a
/// buffer has to grow.
///
/// Only for the duration of the call that lends the memory. What does not fit is left out, which cannot happen where the room
/// was asked for by `ReplyHead.longest`.
@safe
struct HeadBytes: HeadOutput {
    // SAFETY: every write is checked against the memory's size.
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ memory: UnsafeMutableRawBufferPointer) {
        unsafe self.memory = memory
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        unsafe self.append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let start = unsafe self.memory.baseAddress, let source = bytes.baseAddress,
            unsafe bytes.count <= self.memory.count &- self.count
        else { return }
        unsafe (start + self.count).copyMemory(from: source, byteCount: bytes.count)
        self.count &+= bytes.count
    }

    @inline(__always)
    mutating func append(upTo limit: Int, _ write: (UnsafeMutableRawBufferPointer) -> Int) {
        guard unsafe limit <= self.memory.count &- self.count else { return }
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: self.memory[self.count...])
        self.count &+= unsafe min(write(room), room.count)
    }
}
