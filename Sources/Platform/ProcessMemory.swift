import CLinux

/// The C heap of this process, on which Swift's objects live too.
public enum ProcessMemory {
    /// Gives all whole pages that are free to the kernel. Takes some milliseconds where there are many.
    public static func giveBack() {
        sluice_give_heap_back()
    }
}
