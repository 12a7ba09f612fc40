/// A NULL-terminated vector of NUL-terminated strings, as execve(2) takes it.
struct CStringVector {
    /// All strings, each with its NUL, one after the other.
    private var storage: [CChar] = []
    private var offsets: [Int] = []

    /// `strings` must hold no NUL: what follows one would be cut off.
    init(_ strings: [[UInt8]]) {
        for string in strings {
            self.offsets.append(self.storage.count)
            self.storage += string.map { CChar(bitPattern: $0) } + [0]
        }
    }

    /// Lends the vector to `body`; it is valid until `body` returns.
    func withPointers<Value>(
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        var storage = self.storage + [0]
        return unsafe storage.withUnsafeMutableBufferPointer { bytes in
            var pointers: [UnsafeMutablePointer<CChar>?] = unsafe []
            for offset in self.offsets {
                unsafe pointers.append(bytes.baseAddress.map { unsafe $0 + offset })
            }
            unsafe pointers.append(nil)
            return unsafe pointers.withUnsafeBufferPointer { pointers in
                // SAFETY: the vector holds at least its terminating NULL, so it has an address.
                unsafe body(pointers.baseAddress.unsafelyUnwrapped)
            }
        }
    }
}
