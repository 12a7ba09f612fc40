import CLinux

/// The C heap of this process, on which Swift's objects live too.
public enum ProcessMemory {
    /// Sets the heap up for a worker: one arena (there is one busy thread), blocks of 1 MiB and more as mappings of their
    /// own that vanish when they are freed, and at most 32 MiB kept free at the heap's end. To be called before any thread is
    /// made.
    ///
    /// Left alone, the allocator raises these bounds with the largest block it has seen freed, up to 32 MiB.
    public static func prepareHeap() {
        sluice_prepare_heap()
    }

    /// Gives all whole pages that are free to the kernel. Takes some milliseconds where there are many.
    public static func giveBack() {
        sluice_give_heap_back()
    }
}
