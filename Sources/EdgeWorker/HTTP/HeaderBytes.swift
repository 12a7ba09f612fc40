/// Looking at header names and values as bytes. Swift's `==` on strings compares meaning, not bytes, which is wrong for
/// everything here.
extension String {
    /// Whether the bytes are those of `other`, byte for byte.
    func hasBytes(_ other: StaticString) -> Bool {
        unsafe self.withHeaderBytes { bytes in
            unsafe bytes.count == other.utf8CodeUnitCount
                && bytes.elementsEqual(UnsafeBufferPointer(start: other.utf8Start, count: other.utf8CodeUnitCount))
        }
    }

    /// Whether the bytes are those of `lowercase` but for the case of ASCII letters.
    func hasBytes(ignoringCase lowercase: StaticString) -> Bool {
        unsafe self.withHeaderBytes { bytes in
            guard bytes.count == lowercase.utf8CodeUnitCount else { return false }
            for index in 0..<bytes.count {
                let byte = unsafe bytes[index]
                let folded = byte &- 0x41 < 26 ? byte | 0x20 : byte
                guard unsafe folded == lowercase.utf8Start[index] else { return false }
            }
            return true
        }
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
