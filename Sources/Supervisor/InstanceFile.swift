import Glibc
import EventLog
import Platform

/// The counter behind instance numbers: `STATE/instance`, locked by control, which handed it over.
///
/// 16 bytes, big-endian: "SLI1", the host's number, the count of processes started, zero. The count is on disk before the
/// process is started, so no number is given twice, whatever crashes.
final class InstanceFile {
    /// The largest instance number: record ids hold 24 bits of it.
    static let maximum: UInt32 = 0xFF_FFFF
    private static let magic = Array("SLI1".utf8)

    private let descriptor: OwnedDescriptor
    private let host: UInt32
    private var counter: UInt32

    /// Takes the file over; it must be the one of `host`.
    init(_ descriptor: consuming OwnedDescriptor, host: UInt32) throws(StartFailure) {
        var bytes = [UInt8](repeating: 0, count: 16)
        let length = unsafe bytes.withUnsafeMutableBytes {
            unsafe pread(descriptor.number, $0.baseAddress, $0.count, 0)
        }
        guard length == 16, Array(bytes[0..<4]) == Self.magic, Self.word(bytes, 4) == host,
            Self.word(bytes, 8) <= Self.maximum
        else { throw StartFailure("the file `instance` in the state folder is damaged") }
        self.descriptor = descriptor
        self.host = host
        self.counter = Self.word(bytes, 8)
    }

    /// For giving it to a control that is started again.
    var number: Int32 { self.descriptor.number }

    /// The next instance number, synced to disk.
    func next() throws(StartFailure) -> UInt32 {
        guard self.counter < Self.maximum else {
            throw StartFailure("the instance numbers of this state folder are used up; remove its file `instance`")
        }
        let number = self.counter + 1
        var bytes = Self.magic
        for word in [self.host, number, 0] {
            for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        let written = unsafe bytes.withUnsafeBytes {
            unsafe pwrite(self.descriptor.number, $0.baseAddress, $0.count, 0)
        }
        guard written == bytes.count, fdatasync(self.descriptor.number) == 0 else {
            throw StartFailure("cannot write the file `instance`: \(SystemError.last("write").reason)")
        }
        self.counter = number
        return number
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) }
    }
}
