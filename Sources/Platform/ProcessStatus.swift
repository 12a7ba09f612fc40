import Glibc

/// What the kernel says of this process in /proc/self/status.
public struct ProcessStatus: Hashable, Sendable {
    /// 2 while a filter of system calls is in force.
    public let seccomp: UInt32
    public let noNewPrivileges: Bool
    public let threads: UInt32

    /// nil where /proc cannot be read.
    public static func current() -> ProcessStatus? {
        let file = OwnedDescriptor(adopting: unsafe open("/proc/self/status", O_RDONLY | O_CLOEXEC))
        guard file.number >= 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 8192)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(file.number, $0.baseAddress, $0.count) }
        guard count > 0 else { return nil }
        return ProcessStatus(text: String(decoding: bytes.prefix(count), as: UTF8.self))
    }

    init(text: String) {
        var fields: [Substring: UInt32] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == "\t" || $0 == " " }
            fields[line[..<colon]] = UInt32(value)
        }
        self.seccomp = fields["Seccomp"] ?? 0
        self.noNewPrivileges = fields["NoNewPrivs"] == 1
        self.threads = fields["Threads"] ?? 0
    }
}
