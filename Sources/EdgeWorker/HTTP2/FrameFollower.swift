/// Follows the frames a client sends without reading them, to know whether it is in the middle of a block of headers: nothing
/// else can come on the connection until that is whole.
///
/// Pure; takes the bytes in pieces of any size, the preface first.
struct FrameFollower {
    private static let headers: UInt8 = 1
    private static let continuation: UInt8 = 9
    private static let endsHeaders: UInt8 = 4

    /// Bytes of a payload, or of the preface, that are still to come.
    private var rest = 24
    /// Length (3), type, flags, stream (4): as many bytes of a frame's header as have come.
    private var header = InlineArray<9, UInt8>(repeating: 0)
    private var count = 0
    private var endsBlock = false
    /// Some of a block of headers has come, and not all.
    private(set) var isInBlock = false

    mutating func follow(_ bytes: UnsafeRawBufferPointer) {
        var place = 0
        while place < bytes.count {
            if self.rest > 0 {
                let skipped = min(self.rest, bytes.count - place)
                self.rest -= skipped
                place += skipped
                if self.rest == 0 { self.frameEnded() }
                continue
            }
            self.header[self.count] = unsafe bytes[place]
            self.count += 1
            place += 1
            if self.count == 9 { self.frameBegan() }
        }
    }

    private mutating func frameBegan() {
        self.count = 0
        self.rest = Int(self.header[0]) << 16 | Int(self.header[1]) << 8 | Int(self.header[2])
        let isOfBlock = self.header[3] == FrameFollower.headers || self.header[3] == FrameFollower.continuation
        if isOfBlock { self.isInBlock = true }
        self.endsBlock = isOfBlock && self.header[4] & FrameFollower.endsHeaders != 0
        if self.rest == 0 { self.frameEnded() }
    }

    private mutating func frameEnded() {
        guard self.endsBlock else { return }
        self.endsBlock = false
        self.isInBlock = false
    }
}
