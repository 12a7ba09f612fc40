import CLinux
import Glibc

/// Memory of a fixed size that two processes map: one writes what the other reads.
///
/// Owns its mapping and the descriptor. The memory can neither shrink nor grow, whatever the other process does, so that no
/// access within `size` ever faults. Its bytes may change at any time, though: nothing may be concluded from one look that
/// has to hold at the next.
// SAFETY: `start` and `size` are those of a mapping that is made in `init` and taken away in `deinit`; each access is checked
// against `size`. The memfd is sealed against shrinking, so the whole mapping stays backed.
@safe
public final class SharedArea {
    public enum Access: Sendable {
        case reading
        case writing
    }

    /// Bytes of the largest area that is mapped.
    public static let maximumSize = 1 << 30

    private let descriptor: OwnedDescriptor
    private let start: UnsafeMutableRawPointer
    private let access: Access
    /// Bytes of the area.
    public let size: Int

    /// Makes the memory for an area of `size` bytes, of which none is in use yet, without mapping it. `name` shows up in
    /// /proc/PID/fd.
    public static func make(name: String, size: Int) throws(SystemError) -> OwnedDescriptor {
        let number = unsafe name.withCString { unsafe sluice_memfd_create_area($0, Int64(size)) }
        guard number >= 0 else { throw SystemError.last("memfd_create") }
        return OwnedDescriptor(adopting: number)
    }

    /// Takes over and maps what `make` has made; refuses a descriptor whose size is not fixed.
    public init(_ descriptor: consuming OwnedDescriptor, for access: Access) throws(SystemError) {
        guard sluice_memfd_keeps_size(descriptor.number) == 1 else {
            throw SystemError(operation: "check seals", code: EPERM)
        }
        var info = stat()
        guard unsafe fstat(descriptor.number, &info) == 0 else { throw SystemError.last("fstat") }
        let size = Int(info.st_size)
        guard size > 0, size <= Self.maximumSize else { throw SystemError(operation: "map an area", code: EFBIG) }
        let protection = access == .writing ? PROT_READ | PROT_WRITE : PROT_READ
        let start = unsafe mmap(nil, size, protection, MAP_SHARED, descriptor.number, 0)
        guard let start = unsafe start, unsafe start != MAP_FAILED else { throw SystemError.last("mmap") }
        self.descriptor = descriptor
        unsafe self.start = start
        self.access = access
        self.size = size
    }

    deinit {
        unsafe munmap(self.start, self.size)
    }

    /// The bytes at `offset`, or nil where the area has no such range. It keeps the area mapped.
    public func bytes(at offset: UInt64, count: Int) -> SharedBytes? {
        guard let offset = Int(exactly: offset), offset <= self.size, count >= 0, count <= self.size - offset else {
            return nil
        }
        return SharedBytes(area: self, offset: offset, count: count)
    }

    /// Copies `bytes` to `offset`; false where they do not fit, or the area is there for reading.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        guard self.access == .writing, offset >= 0, offset <= self.size, bytes.count <= self.size - offset else {
            return false
        }
        unsafe UnsafeMutableRawBufferPointer(start: self.start + offset, count: bytes.count).copyMemory(from: bytes)
        return true
    }

    /// Makes sure that there is memory behind the range, so that writing there cannot fail for want of it; false when there
    /// is none.
    public func reserve(_ range: Range<Int>) -> Bool {
        guard range.lowerBound >= 0, range.upperBound <= self.size else { return false }
        return range.isEmpty
            || sluice_memfd_reserve(self.descriptor.number, Int64(range.lowerBound), Int64(range.count)) == 0
    }

    /// Gives the memory behind the range back to the kernel: it reads as zeros from now on.
    public func drop(_ range: Range<Int>) {
        guard range.lowerBound >= 0, range.upperBound <= self.size, !range.isEmpty else { return }
        _ = sluice_memfd_drop(self.descriptor.number, Int64(range.lowerBound), Int64(range.count))
    }

    /// Bytes of the area that are in memory.
    public var residentBytes: Int {
        var info = stat()
        guard unsafe fstat(self.descriptor.number, &info) == 0 else { return 0 }
        return Int(info.st_blocks) * 512
    }

    /// Writes one word, in the machine's order, to the memory behind a descriptor that `make` has made, without mapping it. A writer that
    /// maps it finds the word whole.
    public static func put(_ word: UInt64, at offset: Int, in number: Int32) {
        let written = unsafe withUnsafeBytes(of: word) {
            unsafe pwrite(number, $0.baseAddress, $0.count, off_t(offset))
        }
        // It fails for nothing but want of memory, and then the word stays as it was.
        _ = written
    }

    /// The words at `offset`, for use as long as the area lives; nil where the area has no such range, or is there for reading.
    public func words(at offset: Int, count: Int) -> UnsafeMutablePointer<UInt64>? {
        guard self.access == .writing, offset >= 0, offset % 8 == 0, count >= 0, offset <= self.size,
            count <= (self.size - offset) / 8
        else { return nil }
        return unsafe (self.start + offset).assumingMemoryBound(to: UInt64.self)
    }

    fileprivate func access<Result>(
        _ offset: Int, _ count: Int, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        unsafe body(UnsafeRawBufferPointer(start: self.start + offset, count: count))
    }
}

/// A range of a `SharedArea`, which it keeps mapped. Only its length is certain; the bytes are another process's.
public struct SharedBytes {
    private let area: SharedArea
    private let offset: Int
    public let count: Int

    fileprivate init(area: SharedArea, offset: Int, count: Int) {
        self.area = area
        self.offset = offset
        self.count = count
    }

    /// Calls `body` with the memory itself, which stays where it is for as long as this value or a copy of it lives.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe self.area.access(self.offset, self.count, body)
    }
}
