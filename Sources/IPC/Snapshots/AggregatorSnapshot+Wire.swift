public import Domain

extension AggregatorSnapshot {
    /// The bytes of the sealed memfd.
    public func encoded() -> [UInt8] {
        var writer = WireWriter()
        writer.write(self.version)
        writer.write(self.logLevel.rawValue)
        return writer.bytes
    }

    /// Throws on anything `encoded` does not make.
    public init(decoding bytes: [UInt8]) throws(WireReader.Malformed) {
        self = try WireReader.decode(bytes) { (reader) throws(WireReader.Malformed) in
            let version: UInt64 = try reader.read()
            guard let level = LogLevel(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            return AggregatorSnapshot(version: version, logLevel: level)
        }
    }
}
