/// Parameters in the form that libpq takes: one piece of memory, and arrays of places, lengths and formats.
struct PostgresBindings {
    private var memory: [UInt8] = []
    /// Where each begins; -1 for NULL.
    private var starts: [Int] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    mutating func append(_ value: PostgresValue.Encoded) {
        self.formats.append(value.format)
        guard let bytes = value.bytes else {
            self.starts.append(-1)
            self.lengths.append(0)
            return
        }
        self.starts.append(self.memory.count)
        self.lengths.append(Int32(clamping: bytes.count))
        self.memory += bytes
        // The library looks for the end of values in the text form itself.
        self.memory.append(0)
    }

    func withPointers(
        _ body: (Int32, [UnsafePointer<CChar>?], [Int32], [Int32]) -> Int32
    ) -> Int32 {
        unsafe self.memory.withUnsafeBytes { memory in
            let base = unsafe memory.baseAddress?.assumingMemoryBound(to: CChar.self)
            let places = unsafe self.starts.map { start in
                unsafe start < 0 ? nil : base.map { unsafe $0 + start }
            }
            return unsafe body(Int32(clamping: places.count), places, self.lengths, self.formats)
        }
    }
}
