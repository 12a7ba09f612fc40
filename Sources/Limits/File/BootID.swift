import Glibc
public import Platform

/// Which start of the host this is: the kernel's random 128 bits.
public struct BootID: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Of the host as it runs now.
    public static func current() throws(SystemError) -> BootID {
        let descriptor = OwnedDescriptor(
            adopting: unsafe open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC))
        guard descriptor.number >= 0 else { throw SystemError.last("open boot_id") }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor.number, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw SystemError.last("read boot_id") }
        guard let id = BootID(text: bytes.prefix(count)) else {
            throw SystemError(operation: "read boot_id", code: EINVAL)
        }
        return id
    }

    /// Reads the kernel's text form: 32 hexadecimal digits with hyphens, then the end of the line.
    init?(text: some Sequence<UInt8>) {
        var (high, low, digits): (UInt64, UInt64, Int) = (0, 0, 0)
        for byte in text {
            let nibble: UInt8
            switch byte {
            case 0x30...0x39: nibble = byte - 0x30
            case 0x61...0x66: nibble = byte - 0x57
            case 0x2D, 0x0A: continue
            default: return nil
            }
            high = high << 4 | low >> 60
            low = low << 4 | UInt64(nibble)
            digits += 1
        }
        guard digits == 32 else { return nil }
        self.init(high: high, low: low)
    }
}
