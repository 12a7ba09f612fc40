import Domain

/// `detail` of a row of sums: 1; a mask of `rareCounts` and these; a mask of `TokenClass` bits and the tokens of rare classes; then the
/// buckets of latency and of first byte, each list with its length before it and each bucket as its distance from the one before and
/// its count. Numbers are LEB128; those that may be below 0 have their sign in the lowest bit.
extension RollupSums {
    private static let format: UInt64 = 1

    var packed: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + 3 * (self.latency.buckets.count + self.firstByte.buckets.count))
        bytes.append(packing: Self.format)
        var mask: UInt64 = 0
        for (bit, path) in Self.rareCounts.enumerated() where self[keyPath: path] != 0 { mask |= 1 << UInt64(bit) }
        bytes.append(packing: mask)
        for path in Self.rareCounts where self[keyPath: path] != 0 { bytes.append(packingSigned: self[keyPath: path]) }
        mask = 0
        for tokenClass in Self.rareClasses where self.usage[tokenClass] != 0 {
            mask |= 1 << UInt64(tokenClass.rawValue)
        }
        bytes.append(packing: mask)
        for tokenClass in Self.rareClasses where self.usage[tokenClass] != 0 {
            bytes.append(packingSigned: self.usage[tokenClass])
        }
        self.latency.pack(into: &bytes)
        self.firstByte.pack(into: &bytes)
        return bytes
    }

    /// What cannot be read is 0: a recount finds it.
    mutating func unpack(_ bytes: [UInt8]) {
        var reader = PackedReader(bytes)
        guard reader.next() == Self.format else { return }
        var mask = reader.next()
        if mask != 0 {
            for (bit, path) in Self.rareCounts.enumerated() where mask & 1 << UInt64(bit) != 0 {
                self[keyPath: path] = reader.nextZigzag()
            }
        }
        mask = reader.next()
        if mask != 0 {
            for tokenClass in Self.rareClasses where mask & 1 << UInt64(tokenClass.rawValue) != 0 {
                self.usage[tokenClass] = reader.nextZigzag()
            }
        }
        self.latency.unpack(from: &reader)
        self.firstByte.unpack(from: &reader)
    }
}

extension DurationSketch {
    fileprivate func pack(into bytes: inout [UInt8]) {
        var count: UInt64 = 0
        for bucket in self.buckets where bucket.count != 0 { count += 1 }
        bytes.append(packing: count)
        var before: UInt16 = 0
        for bucket in self.buckets where bucket.count != 0 {
            bytes.append(packing: UInt64(bucket.index &- before))
            bytes.append(packingSigned: bucket.count)
            before = bucket.index
        }
    }

    fileprivate mutating func unpack(from reader: inout PackedReader) {
        let count = min(reader.next(), UInt64(Self.mostBuckets))
        var buckets: [Bucket] = []
        buckets.reserveCapacity(Int(count))
        var index: UInt16 = 0
        for _ in 0..<count {
            let step = reader.next()
            guard step < UInt64(Self.mostBuckets) - UInt64(index), step > 0 || buckets.isEmpty else { break }
            index += UInt16(step)
            buckets.append(Bucket(index: index, count: reader.nextZigzag()))
        }
        self.take(buckets)
    }
}

extension [UInt8] {
    @inline(__always)
    fileprivate mutating func append(packingSigned value: Int64) {
        self.append(packing: UInt64(bitPattern: value &<< 1 ^ value &>> 63))
    }
}

extension PackedReader {
    @inline(__always)
    fileprivate mutating func nextZigzag() -> Int64 {
        let value = self.next()
        return Int64(bitPattern: value >> 1) ^ -Int64(value & 1)
    }
}
