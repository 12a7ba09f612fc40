import CJournal
import Domain

/// The layout of a segment: a header page, then records at multiples of 8 bytes.
///
/// A record is a 32-bit length (of kind and payload), a CRC32C over nonce, length, kind and payload, one byte of kind, and
/// the payload. All numbers are little-endian. Length and CRC are written last, as one word, with release: a length of 0
/// means that nothing is recorded from here on. The length `closed`, without kind and payload, says that the owner went on in its next segment.
enum SegmentFormat {
    /// Of all files; another number is another format.
    static let version = SharedFormats.journal
    /// Bytes before the first record.
    static let headerSize = 4096
    /// Bytes of length and CRC.
    static let frameSize = 8
    static let closed: UInt32 = .max
    /// The largest record of any kind, length and CRC included.
    static let maximumRecord = max(
        BeginRecord.maximumSize, AttemptRecord.maximumSize, AttemptEndRecord.maximumSize, SettleRecord.maximumSize)
    static let minimumSegment = 64 * 1024
    static let maximumSegment = 64 << 20

    /// Bytes a record of `payload` bytes takes.
    static func size(payload: Int) -> Int { (SegmentFormat.frameSize + 1 + payload + 7) & ~7 }

    /// Length and CRC as the one word they are written in: whoever is killed in an append leaves both or neither.
    static func frame(length: UInt32, checksum: UInt32) -> UInt64 {
        (UInt64(checksum) << 32 | UInt64(length)).littleEndian
    }

    /// The CRC that a segment's records start from: no record is valid in another segment.
    static func seed(nonce: UInt64) -> UInt32 {
        var bytes = nonce.littleEndian
        return unsafe sluice_crc32c(0, &bytes, MemoryLayout<UInt64>.size)
    }

    /// The CRC of a record: `body` is its kind and payload.
    static func checksum(seed: UInt32, length: UInt32, body: UnsafeRawBufferPointer) -> UInt32 {
        var bytes = length.littleEndian
        let start = unsafe sluice_crc32c(seed, &bytes, MemoryLayout<UInt32>.size)
        return unsafe sluice_crc32c(start, body.baseAddress, body.count)
    }
}
