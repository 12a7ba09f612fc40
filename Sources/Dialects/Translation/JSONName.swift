internal import Glibc
internal import JSON

/// Names and words of JSON as bytes.
enum JSONName {
    /// Whether `bytes` are exactly `literal`.
    static func equals(_ bytes: [UInt8], _ literal: StaticString) -> Bool {
        guard bytes.count == literal.utf8CodeUnitCount else { return false }
        return unsafe bytes.withUnsafeBytes { buffer in
            guard let start = buffer.baseAddress else { return true }
            return unsafe memcmp(start, literal.utf8Start, buffer.count) == 0
        }
    }

    /// Whether `bytes` are exactly one of `literals`.
    static func isOne(_ bytes: [UInt8], of literals: [StaticString]) -> Bool {
        literals.contains { self.equals(bytes, $0) }
    }
}

extension [JSONValue.Member] {
    /// The members that say something and whose names are none of `known`.
    func others(than known: [StaticString]) -> [JSONValue.Member] {
        self.filter { $0.value != .null && !JSONName.isOne($0.key, of: known) }
    }
}
