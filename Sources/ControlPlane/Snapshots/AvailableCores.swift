import Configuration
import Glibc

/// How many cores this process may run on.
enum AvailableCores {
    /// As the scheduler allows it (`taskset`, containers' CPU sets), at least 1.
    static func count(readFile: BoundedFile.Reader) -> Int {
        let status = (try? readFile("/proc/self/status", 1 << 20)) ?? []
        return self.allowed(status) ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    }

    /// Counts the bits of `Cpus_allowed` in the text of `/proc/PID/status`; nil when there are none.
    static func allowed(_ status: [UInt8]) -> Int? {
        let field = Array("Cpus_allowed:".utf8)
        for line in status.split(separator: UInt8(ascii: "\n")) where line.starts(with: field) {
            let count = line.dropFirst(field.count).reduce(0) { sum, byte in
                sum + (Character(UnicodeScalar(byte)).hexDigitValue ?? 0).nonzeroBitCount
            }
            return count > 0 ? count : nil
        }
        return nil
    }
}
