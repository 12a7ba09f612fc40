import Glibc

/// The calls by which a full or broken disk shows itself. Tests put in ones that fail.
protocol SegmentFileOperations: Sendable {
    /// Gives the file `size` bytes that are really there. 0 or an errno value.
    func allocate(_ descriptor: Int32, _ size: Int) -> Int32
    /// Writes pages of a mapped file, and what the file system needs to find them, to the disk. 0 or an errno value.
    func synchronize(_ pages: UnsafeMutableRawBufferPointer) -> Int32
}

/// The kernel's.
struct SystemFileOperations: SegmentFileOperations {
    func allocate(_ descriptor: Int32, _ size: Int) -> Int32 {
        while true {
            let code = posix_fallocate(descriptor, 0, off_t(size))
            if code != EINTR { return code }
        }
    }

    // What fdatasync does, for these pages only: the pages ahead, which have no record yet, are not written each time.
    func synchronize(_ pages: UnsafeMutableRawBufferPointer) -> Int32 {
        while true {
            if unsafe msync(pages.baseAddress, pages.count, MS_SYNC) == 0 { return 0 }
            if errno != EINTR { return errno }
        }
    }
}
