import CJournal
import Domain

/// The first bytes of a segment: whose it is, and the number its records' checksums start from.
///
/// Magic 8, version 4, host 4, instance 4, role 4, sequence 4, zero 4, size 8, nonce 8, made at 8, zero 4, CRC32C 4; the
/// rest of the page is zero.
public struct SegmentHeader: Hashable, Sendable {
    static let encodedSize = 64
    private static let magic = Array("SLUICEJ\n".utf8)

    public var owner: JournalOwner
    public var sequence: UInt32
    /// Bytes of the file.
    public var size: UInt64
    var nonce: UInt64
    /// Milliseconds since 1970.
    public var madeAt: UInt64

    init(owner: JournalOwner, sequence: UInt32, size: UInt64, nonce: UInt64, madeAt: UInt64) {
        self.owner = owner
        self.sequence = sequence
        self.size = size
        self.nonce = nonce
        self.madeAt = madeAt
    }

    func encoded() -> [UInt8] {
        var bytes = SegmentHeader.magic
        bytes.reserveCapacity(SegmentHeader.encodedSize)
        func put(_ value: some FixedWidthInteger) {
            for index in 0..<(value.bitWidth / 8) { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
        }
        put(SegmentFormat.version)
        put(self.owner.host)
        put(self.owner.instance)
        put(UInt32(self.owner.role.rawValue))
        put(self.sequence)
        put(UInt32(0))
        put(self.size)
        put(self.nonce)
        put(self.madeAt)
        put(UInt32(0))
        put(SegmentHeader.checksum(bytes))
        return bytes
    }

    /// Reads a header; `bytes` are the file's first ones.
    init(decoding bytes: [UInt8]) throws(Failure) {
        guard bytes.count >= SegmentHeader.encodedSize else { throw Failure(offset: bytes.count, problem: .short) }
        func number<T: FixedWidthInteger>(_ offset: Int, as type: T.Type) -> T {
            var value: T = 0
            for index in 0..<(T.bitWidth / 8) { value |= T(truncatingIfNeeded: bytes[offset + index]) << (8 * index) }
            return value
        }
        guard bytes.starts(with: SegmentHeader.magic) else { throw Failure(offset: 0, problem: .magic) }
        let version = number(8, as: UInt32.self)
        guard version == SegmentFormat.version else { throw Failure(offset: 8, problem: .version(version)) }
        guard number(60, as: UInt32.self) == SegmentHeader.checksum(Array(bytes[..<60])) else {
            throw Failure(offset: 60, problem: .checksum)
        }
        let host = number(12, as: UInt32.self)
        let instance = number(16, as: UInt32.self)
        guard host <= SegmentName.maximum, instance <= SegmentName.maximum,
            let role = UInt8(exactly: number(20, as: UInt32.self)).flatMap(Role.init(rawValue:))
        else { throw Failure(offset: 12, problem: .contradiction) }
        self.init(
            owner: JournalOwner(host: host, instance: instance, role: role), sequence: number(24, as: UInt32.self),
            size: number(32, as: UInt64.self), nonce: number(40, as: UInt64.self), madeAt: number(48, as: UInt64.self))
        guard self.sequence <= SegmentName.maximum, self.size >= UInt64(SegmentFormat.headerSize),
            self.size <= UInt64(SegmentFormat.maximumSegment)
        else { throw Failure(offset: 24, problem: .contradiction) }
    }

    struct Failure: Error {
        var offset: Int
        var problem: JournalError.HeaderProblem
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        unsafe bytes.withUnsafeBytes { unsafe sluice_crc32c(0, $0.baseAddress, $0.count) }
    }
}
