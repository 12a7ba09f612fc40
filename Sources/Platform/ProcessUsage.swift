import CLinux
import Glibc

/// What this process has used of the machine, as the kernel counts it.
public struct ProcessUsage: Hashable, Sendable {
    /// Processor time of the process, the kernel's work for it included, in microseconds.
    public var processorTime: UInt64
    /// Bytes of it that are in memory; nil where /proc cannot be read.
    public var residentBytes: UInt64?
    /// Descriptors that are open; nil where the kernel (before 6.2) does not say so without being asked for each.
    public var descriptors: UInt64?
    /// How many may be.
    public var descriptorLimit: UInt64?

    public init(processorTime: UInt64, residentBytes: UInt64?, descriptors: UInt64?, descriptorLimit: UInt64?) {
        self.processorTime = processorTime
        self.residentBytes = residentBytes
        self.descriptors = descriptors
        self.descriptorLimit = descriptorLimit
    }

    public static func current() -> ProcessUsage {
        ProcessUsage(
            processorTime: self.readProcessorTime(), residentBytes: self.readResidentBytes(),
            descriptors: self.readDescriptors(), descriptorLimit: self.readDescriptorLimit())
    }

    private static func readProcessorTime() -> UInt64 {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        let seconds = usage.ru_utime.tv_sec &+ usage.ru_stime.tv_sec
        let rest = usage.ru_utime.tv_usec &+ usage.ru_stime.tv_usec
        return UInt64(clamping: seconds) &* 1_000_000 &+ UInt64(clamping: rest)
    }

    private static func readResidentBytes() -> UInt64? {
        let file = OwnedDescriptor(adopting: unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC))
        guard file.number >= 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(file.number, $0.baseAddress, $0.count) }
        guard count > 0 else { return nil }
        return self.residentPages(bytes.prefix(count)).map { $0 &* UInt64(clamping: sysconf(Int32(_SC_PAGESIZE))) }
    }

    /// The second number of a line of /proc/self/statm.
    static func residentPages(_ line: some Collection<UInt8>) -> UInt64? {
        let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard fields.count > 1, (1...15).contains(fields[1].count),
            fields[1].allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return fields[1].reduce(0) { $0 &* 10 &+ UInt64($1 &- 0x30) }
    }

    private static func readDescriptors() -> UInt64? {
        var info = stat()
        guard unsafe stat("/proc/self/fd", &info) == 0, info.st_size > 0 else { return nil }
        return UInt64(clamping: info.st_size)
    }

    private static func readDescriptorLimit() -> UInt64? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return UInt64(limit.rlim_cur)
    }
}
