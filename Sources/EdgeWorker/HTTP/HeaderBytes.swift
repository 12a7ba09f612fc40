import Glibc

/// Looking at header names and values as bytes. Swift's `==` on strings compares meaning, not bytes, which is wrong for
/// everything here.
extension String {
    /// Whether the bytes are those of `other`, byte for byte.
    func hasBytes(_ other: StaticString) -> Bool {
        unsafe self.withHeaderBytes { bytes in
            guard bytes.count == other.utf8CodeUnitCount, let base = bytes.baseAddress else {
                return bytes.count == other.utf8CodeUnitCount
            }
            return unsafe memcmp(base, other.utf8Start, bytes.count) == 0
        }
    }

    /// Whether the bytes are those of `lowercase` but for the case of ASCII letters.
    func hasBytes(ignoringCase lowercase: StaticString) -> Bool {
        unsafe self.withHeaderBytes { bytes in
            guard bytes.count == lowercase.utf8CodeUnitCount else { return false }
            let other = unsafe UnsafeRawPointer(lowercase.utf8Start)
            let raw = UnsafeRawBufferPointer(bytes)
            var index = 0
            while index + 8 <= raw.count {
                let word = unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                let wanted = unsafe other.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                guard String.isSame(word, ignoringCase: wanted) else { return false }
                index &+= 8
            }
            while index < raw.count {
                let byte = unsafe raw[index]
                let folded = byte &- 0x41 < 26 ? byte | 0x20 : byte
                guard unsafe folded == other.load(fromByteOffset: index, as: UInt8.self) else { return false }
                index &+= 1
            }
            return true
        }
    }

    /// The same for bytes that are not known before.
    func hasBytes(ignoringCase lowercase: [UInt8]) -> Bool {
        unsafe self.withHeaderBytes { bytes in
            guard bytes.count == lowercase.count else { return false }
            for index in lowercase.indices {
                let byte = unsafe bytes[index]
                guard (byte &- 0x41 < 26 ? byte | 0x20 : byte) == lowercase[index] else { return false }
            }
            return true
        }
    }

    /// Eight bytes at once: where they differ it is by the bit of the case, and there `lowercase` has a letter. All of
    /// `lowercase` is ASCII.
    @inline(__always)
    private static func isSame(_ word: UInt64, ignoringCase lowercase: UInt64) -> Bool {
        let difference = word ^ lowercase
        guard difference != 0 else { return true }
        guard difference & 0xDFDF_DFDF_DFDF_DFDF == 0 else { return false }
        // The high bit of each byte that is a…z.
        let letters = (lowercase &+ 0x1F1F_1F1F_1F1F_1F1F) & ~(lowercase &+ 0x0505_0505_0505_0505)
        return difference << 2 & ~letters & 0x8080_8080_8080_8080 == 0
    }

    /// The part before the first `?`; the string itself where there is none.
    var beforeQuestionMark: String {
        let length = unsafe self.withHeaderBytes { bytes -> Int? in
            guard let base = bytes.baseAddress, let mark = unsafe memchr(base, 0x3F, bytes.count) else { return nil }
            return unsafe UnsafeRawPointer(mark) - UnsafeRawPointer(base)
        }
        guard let length else { return self }
        return String(decoding: self.utf8.prefix(length), as: UTF8.self)
    }

    /// Hands out the UTF-8 without copying where the string has it in one piece, as every string NIO makes has.
    func withHeaderBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        if let result = unsafe self.utf8.withContiguousStorageIfAvailable({ unsafe body($0) }) { return result }
        return unsafe Array(self.utf8).withUnsafeBufferPointer { unsafe body($0) }
    }

    /// Whether it consists of 1…`limit` visible ASCII characters.
    func isVisibleASCII(upTo limit: Int) -> Bool {
        unsafe self.withHeaderBytes { bytes in
            unsafe (1...limit).contains(bytes.count) && bytes.allSatisfy { (0x21...0x7E).contains($0) }
        }
    }

    /// Whether it consists of visible ASCII characters and blanks.
    var isPrintableASCII: Bool {
        unsafe self.withHeaderBytes { bytes in unsafe bytes.allSatisfy { (0x20...0x7E).contains($0) } }
    }

    /// Whether it consists of at most `limit` characters of ASCII that a header value may hold.
    func isHeaderValue(upTo limit: Int) -> Bool {
        unsafe self.withHeaderBytes { bytes in
            unsafe bytes.count <= limit && bytes.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x09 }
        }
    }

    /// Whether a comma-separated list of tokens holds `token`, in any case.
    func listContains(_ token: StaticString) -> Bool {
        self.split(separator: ",").contains { element in
            String(element.trimmingBlanks()).hasBytes(ignoringCase: token)
        }
    }

    /// A decimal number without sign, blanks or other notations; nil for anything else or beyond 64 bits.
    var strictDecimal: UInt64? {
        unsafe self.withHeaderBytes { bytes in
            guard (1...20).contains(bytes.count) else { return nil }
            var value: UInt64 = 0
            for index in 0..<bytes.count {
                let digit = unsafe bytes[index] &- 0x30
                guard digit < 10 else { return nil }
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
                guard !overflow, !carry else { return nil }
                value = sum
            }
            return value
        }
    }
}

extension Substring {
    /// Without spaces and tabs at both ends.
    func trimmingBlanks() -> Substring {
        var rest = self
        while let first = rest.utf8.first, first == 0x20 || first == 0x09 { rest = rest.dropFirst() }
        while let last = rest.utf8.last, last == 0x20 || last == 0x09 { rest = rest.dropLast() }
        return rest
    }
}
