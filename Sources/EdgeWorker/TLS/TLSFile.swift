import Glibc

/// The two files of a listener with TLS, read by the numbers of descriptors that somebody else has opened.
enum TLSFile: Hashable {
    case certificate
    case key

    var name: String {
        switch self {
        case .certificate: "certificate"
        case .key: "key"
        }
    }

    /// Most bytes of the file.
    var limit: Int {
        switch self {
        case .certificate: 1 << 20
        case .key: 64 << 10
        }
    }

    /// All of the file, wherever the descriptor stands in it: several processes share that.
    func read(_ descriptor: Int32) throws(TLSFailure) -> [UInt8] {
        // One byte more than allowed, so that nothing is copied, and left in memory, by growing.
        var bytes = [UInt8](repeating: 0, count: self.limit + 1)
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe pread(descriptor, $0.baseAddress.map { unsafe $0 + done }, $0.count - done, off_t(done))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                let code = errno
                TLSFile.wipe(&bytes)
                throw .unreadable(self, unsafe String(cString: strerror(code)))
            }
            guard count > 0 else { break }
            done += count
        }
        guard done <= self.limit else {
            TLSFile.wipe(&bytes)
            throw .tooLarge(self)
        }
        bytes.removeLast(bytes.count - done)
        return bytes
    }

    /// Overwrites `bytes`, in a way the compiler does not take for useless.
    static func wipe(_ bytes: inout [UInt8]) {
        unsafe bytes.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress { unsafe explicit_bzero(base, bytes.count) }
        }
    }
}
