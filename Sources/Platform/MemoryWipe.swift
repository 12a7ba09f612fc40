internal import Glibc

/// Overwrites memory that has held a secret, so that a later dump of the process does not show it.
public enum MemoryWipe {
    /// Fills the bytes with zeros where they lie. They must be in memory that may be written, and nobody may need them any more: whoever
    /// shares the memory sees the zeros.
    public static func overwrite(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        // SAFETY: the caller has the memory, which is no constant's. Unlike a plain fill this one is never optimized away.
        unsafe explicit_bzero(UnsafeMutableRawPointer(mutating: base), bytes.count)
    }
}
