import IPC

/// The memory all links of one loop read into: only one reads at a time, and what a link has not yet used up (a part of a
/// frame) it keeps for itself. Its pages are touched only as far as data arrives.
// SAFETY: the memory is owned by this object and is used only by the link that is reading.
@safe
public final class LinkScratch {
    let buffer: UnsafeMutableRawBufferPointer

    public init() {
        unsafe self.buffer = .allocate(byteCount: WireLimits.header + WireLimits.frame + (256 << 10), alignment: 16)
    }

    deinit {
        unsafe self.buffer.deallocate()
    }
}
