import Glibc

/// What a worker has done, in a file that outlives it: a byte for each of its requests, written as a journal would be.
// SAFETY: `base` is a mapping of `size` bytes, made in `init` and taken away in `deinit`; every index is checked.
@safe final class Book {
    /// How far a request has come. The last stage before a death is what the recovery is told.
    enum Stage: UInt8 {
        case unknown
        case admitted
        case called
        case settled
    }

    private static let size = 1 << 23
    private static let start = 64
    static let capacity = Book.size - Book.start
    private let base: UnsafeMutablePointer<UInt8>

    /// Opens the book of an instance, or makes it.
    init?(folder: String, instance: UInt32) {
        let file = unsafe open("\(folder)/book-\(instance)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { return nil }
        defer { close(file) }
        guard ftruncate(file, off_t(Self.size)) == 0,
            let start = unsafe mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
            unsafe start != MAP_FAILED
        else { return nil }
        unsafe self.base = start.bindMemory(to: UInt8.self, capacity: Self.size)
    }

    deinit {
        unsafe munmap(self.base, Self.size)
    }

    /// How many requests there were, refused ones included: what the worker says of its progress.
    var count: UInt64 {
        get { unsafe UnsafeRawPointer(self.base).load(as: UInt64.self) }
        set { unsafe UnsafeMutableRawPointer(self.base).storeBytes(of: newValue, as: UInt64.self) }
    }

    /// Whether there is no room for another request.
    var isFull: Bool { self.count >= UInt64(Self.capacity) - 1 }

    /// Not to be moved before or behind what is done at the table.
    @inline(never)
    func write(_ number: UInt64, _ stage: Stage, target: Int) {
        guard number < UInt64(Self.capacity) else { return }
        unsafe self.base[Self.start + Int(number)] = stage.rawValue | UInt8(target) << 4
    }

    func read(_ number: UInt64) -> (stage: Stage, target: Int) {
        guard number < UInt64(Self.capacity) else { return (.unknown, 0) }
        let byte = unsafe self.base[Self.start + Int(number)]
        return (Stage(rawValue: byte & 0xF) ?? .unknown, Int(byte >> 4))
    }

    static func remove(folder: String, instance: UInt32) {
        unsafe unlink("\(folder)/book-\(instance)")
    }
}
