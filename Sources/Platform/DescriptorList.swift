import CLinux
import Glibc

/// Which descriptors the process has open.
public enum DescriptorList {
    /// All open numbers in order, from /proc/self/fd.
    public static func open() throws(SystemError) -> [Int32] {
        guard let directory = unsafe opendir("/proc/self/fd") else { throw SystemError.last("opendir(/proc/self/fd)") }
        defer { unsafe closedir(directory) }
        let own = unsafe dirfd(directory)
        var numbers: [Int32] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe bytes.prefix { $0 != 0 }.map { $0 }
            }
            guard let number = Self.number(name), number != own else { continue }
            numbers.append(number)
        }
        return numbers.sorted()
    }

    /// Whether the descriptor is closed when the process becomes another program.
    public static func setCloseOnExec(_ number: Int32, _ isClosed: Bool) {
        _ = sluice_set_cloexec(number, isClosed ? 1 : 0)
    }

    private static func number(_ digits: [UInt8]) -> Int32? {
        guard (1...9).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 &* 10 &+ Int32($1 &- 0x30) }
    }
}
