import Domain

/// Makes a request recognisable that kills workers: a hash of its project, its body's length, and the first and last 256
/// bytes of the body. The same in every edge. No secret is in it, and it is not made to withstand who looks for collisions:
/// all they can do is to be refused together.
///
/// Four lanes of eight bytes each, so that one multiplication does not wait for the other: about 70 ns for a long body.
enum RequestFingerprint {
    /// Bytes of the body's start and of its end that count.
    static let edge = 256

    /// The fingerprint; never 0.
    static func make(project: EntityID, _ body: UnsafeRawBufferPointer) -> UInt64 {
        var lanes = Lanes()
        lanes.mix(project.high, project.low, UInt64(clamping: body.count), 0x9E37_79B9_7F4A_7C15)
        unsafe lanes.mix(UnsafeRawBufferPointer(rebasing: body.prefix(self.edge)))
        if body.count > self.edge {
            unsafe lanes.mix(UnsafeRawBufferPointer(rebasing: body.suffix(self.edge)))
        }
        return lanes.sum
    }

    private struct Lanes {
        private var a: UInt64 = 0xCBF2_9CE4_8422_2325
        private var b: UInt64 = 0x8422_2325_CBF2_9CE4
        private var c: UInt64 = 0x2545_F491_4F6C_DD1D
        private var d: UInt64 = 0x1D8A_F066_5851_F42D

        @inline(__always)
        mutating func mix(_ w: UInt64, _ x: UInt64, _ y: UInt64, _ z: UInt64) {
            self.a = Lanes.step(self.a, w)
            self.b = Lanes.step(self.b, x)
            self.c = Lanes.step(self.c, y)
            self.d = Lanes.step(self.d, z)
        }

        mutating func mix(_ bytes: UnsafeRawBufferPointer) {
            var offset = 0
            while offset + 32 <= bytes.count {
                unsafe self.mix(
                    bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self),
                    bytes.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self))
                offset += 32
            }
            while offset < bytes.count {
                var word: UInt64 = 0
                for index in offset..<min(offset + 8, bytes.count) { word = unsafe word << 8 | UInt64(bytes[index]) }
                self.a = Lanes.step(self.a, word)
                offset += 8
            }
        }

        @inline(__always)
        private static func step(_ lane: UInt64, _ word: UInt64) -> UInt64 {
            let mixed = (lane ^ word) &* 0x9FB2_1C65_1E98_DF25
            // A product's low bits do not know of its high ones.
            return mixed ^ mixed >> 29
        }

        var sum: UInt64 {
            let hash = Lanes.step(Lanes.step(Lanes.step(self.a, self.b), self.c), self.d)
            return hash == 0 ? 1 : hash
        }
    }
}
