import NIOCore
import Platform

// Bodies for the administration may hold a provider's key. They are overwritten in place: a copy to write to would leave the original.
extension ByteBuffer {
    /// Overwrites the readable bytes, for all buffers that share them.
    func wipeReadableBytes() {
        unsafe self.withUnsafeReadableBytes { unsafe MemoryWipe.overwrite($0) }
    }

    /// Overwrites everything in the buffer's memory, what was read before too, for all buffers that share it.
    func wipe() {
        unsafe self.withVeryUnsafeBytes { unsafe MemoryWipe.overwrite($0) }
    }
}
