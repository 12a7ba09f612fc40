import CLinux
import Glibc

/// A file descriptor with exactly one owner: it is closed when the owner goes away, once.
public struct OwnedDescriptor: ~Copyable {
    /// The kernel's number, valid while this value lives.
    public let number: Int32

    /// Takes over `number`; nobody else may close it from now on.
    public init(adopting number: Int32) {
        self.number = number
    }

    /// A second descriptor, close-on-exec, for what `number` stands for; nil when there are too many.
    public static func duplicate(of number: Int32) -> OwnedDescriptor? {
        let copy = sluice_dup_above(number, 3)
        return copy < 0 ? nil : OwnedDescriptor(adopting: copy)
    }

    /// Gives up ownership: the caller closes the descriptor.
    public consuming func release() -> Int32 {
        let number = self.number
        discard self
        return number
    }

    deinit {
        close(self.number)
    }
}
