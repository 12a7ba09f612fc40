import CLinux

/// The order in which two processes see words of memory that they share.
public enum SharedWord {
    /// Writes the word so that who `observe`s it also sees all that was written before.
    public static func publish(_ word: UnsafeMutablePointer<UInt64>, _ value: UInt64) {
        unsafe sluice_publish(word, value)
    }

    /// Reads a word before all that is read afterwards.
    public static func observe(_ word: UnsafePointer<UInt64>) -> UInt64 {
        unsafe sluice_observe(word)
    }
}
