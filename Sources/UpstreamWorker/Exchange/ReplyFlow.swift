internal import IPC

/// The reply's data on its way to the edge: what the stream's window takes goes out at once, the rest waits here. Pure.
struct ReplyFlow {
    private var window = SendWindow(size: WireLimits.replyWindow)
    private var waiting: [UInt8] = []
    private var sent = 0

    /// Whether data waits for credit. While it does, no more should be taken from the provider.
    var isBlocked: Bool { self.sent < self.waiting.count }

    mutating func push(_ bytes: UnsafeRawBufferPointer, to output: some ExchangeOutput) {
        var taken = 0
        if !self.isBlocked {
            taken = self.window.take(upTo: bytes.count)
            if taken > 0 { unsafe output.send(chunk: UnsafeRawBufferPointer(rebasing: bytes[..<taken])) }
        }
        if taken < bytes.count { unsafe self.waiting.append(contentsOf: bytes[taken...]) }
    }

    /// The edge has written `bytes` to the client. Throws when that is more than was sent.
    mutating func credit(_ bytes: UInt32, to output: some ExchangeOutput) throws(FrameError) {
        try self.window.credit(bytes)
        guard self.isBlocked else { return }
        let taken = self.window.take(upTo: self.waiting.count - self.sent)
        guard taken > 0 else { return }
        unsafe self.waiting.withUnsafeBytes {
            unsafe output.send(chunk: UnsafeRawBufferPointer(rebasing: $0[self.sent..<(self.sent + taken)]))
        }
        self.sent += taken
        guard !self.isBlocked else { return }
        self.waiting = []
        self.sent = 0
    }
}
