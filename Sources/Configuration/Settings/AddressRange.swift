/// A range of addresses in CIDR form, such as `10.0.0.0/8`; a bare address is a range of one.
public struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    /// The first address of the range: all bits after ``prefixLength`` are zero.
    public let network: IPAddress
    /// How many leading bits are fixed: 0…32 or 0…128.
    public let prefixLength: Int

    init(_ text: String) throws(ValueError) {
        let expectation = ValueError("expected an address range such as 10.0.0.0/8 or fd00::/8")
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= 2, let network = IPAddress(String(first)) else {
            throw expectation
        }
        let longest = network.bytes.count * 8
        let prefixLength = parts.count == 2 ? DecimalText.parse(parts[1].utf8) : Int64(longest)
        guard let prefixLength, prefixLength <= Int64(longest) else { throw expectation }
        let masked = network.bytes.enumerated().map { index, byte in
            let kept = min(max(Int(prefixLength) - index * 8, 0), 8)
            return byte & UInt8(truncatingIfNeeded: 0xFF00 >> kept)
        }
        guard let canonical = IPAddress(bytes: masked), canonical == network else {
            let meant = IPAddress(bytes: masked).map { " (did you mean \($0)/\(prefixLength)?)" } ?? ""
            throw ValueError("expected no bits set after the first \(prefixLength)\(meant)")
        }
        self.network = network
        self.prefixLength = Int(prefixLength)
    }

    public var description: String { "\(self.network)/\(self.prefixLength)" }
}
