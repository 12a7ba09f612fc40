import CLinux
import Glibc

/// Signals as something an event loop reads: they are blocked for the process and reported on a descriptor.
///
/// To be made before any thread exists, or another thread would still take them the usual way.
public final class SignalDescriptor {
    private let descriptor: OwnedDescriptor

    /// Blocks `signals` for good and collects them from now on.
    public init(_ signals: [Int32]) throws(SystemError) {
        let number = unsafe signals.withUnsafeBufferPointer {
            unsafe sluice_signalfd($0.baseAddress, Int32($0.count))
        }
        guard number >= 0 else { throw SystemError.last("signalfd") }
        self.descriptor = OwnedDescriptor(adopting: number)
    }

    /// For watching.
    public var number: Int32 { self.descriptor.number }

    /// The next signal that has come, nil when there is none.
    public func next() -> Int32? {
        let signal = sluice_signalfd_read(self.number)
        return signal > 0 ? signal : nil
    }
}
