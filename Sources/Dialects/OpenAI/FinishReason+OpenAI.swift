internal import Domain

extension FinishReason {
    /// Reads a `finish_reason` that says something: the bytes of a JSON string with its quotes.
    init(openAI bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 2 else {
            self = .other
            return
        }
        self = unsafe FinishWord.reason(UnsafeRawBufferPointer(rebasing: bytes[1..<bytes.count &- 1]))
    }
}
