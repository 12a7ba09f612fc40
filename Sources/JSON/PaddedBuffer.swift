/// A buffer into which a text is copied when the bytes behind it may not be read.
///
/// Owned by one reader, on that reader's loop; grows by doubling.
@safe final class PaddedBuffer {
    private var storage = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)

    deinit {
        unsafe self.storage.deallocate()
    }

    /// `bytes` itself where `capacity` covers the padding, else a copy that is valid until the next call.
    func padded(_ bytes: UnsafeRawBufferPointer, capacity: Int, by padding: Int) -> UnsafeRawBufferPointer {
        guard capacity < bytes.count &+ padding else { return unsafe bytes }
        if unsafe self.storage.count < bytes.count &+ padding {
            unsafe self.storage.deallocate()
            unsafe self.storage = .allocate(
                byteCount: max(bytes.count &+ padding, self.storage.count &* 2, 4096), alignment: 64)
        }
        unsafe self.storage.copyMemory(from: bytes)
        // Padding is read but never decides anything; zeroed so that no run depends on what was there before.
        unsafe UnsafeMutableRawBufferPointer(rebasing: self.storage[bytes.count..<bytes.count &+ padding])
            .initializeMemory(as: UInt8.self, repeating: 0)
        return unsafe UnsafeRawBufferPointer(rebasing: self.storage[..<bytes.count])
    }

    /// Frees a buffer longer than `limit` bytes.
    func shrink(to limit: Int) {
        guard unsafe self.storage.count > limit else { return }
        unsafe self.storage.deallocate()
        unsafe self.storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }
}
