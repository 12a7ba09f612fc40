public import Domain

/// What a program that is asked before an upgrade says of itself. Not a frame: it is written to a memfd.
public struct PreflightAnswer: Hashable, Sendable {
    private static let magic = Array("SLPF".utf8)
    /// Bytes of the longest answer.
    public static let limit = 4096

    /// The protocol between supervisor and children that it speaks.
    public var protocolVersion: UInt16
    public var build: [UInt8]
    public var formats: SharedFormats

    public init(
        protocolVersion: UInt16 = WireLimits.protocolVersion, build: [UInt8], formats: SharedFormats = .current
    ) {
        self.protocolVersion = protocolVersion
        self.build = build
        self.formats = formats
    }

    /// Nil for anything `encoded` does not make.
    public init?(decoding bytes: [UInt8]) {
        let answer = try? WireReader.decode(bytes) { (reader) throws(WireReader.Malformed) -> PreflightAnswer in
            guard try reader.readBytes(limit: 4) == Self.magic else { throw WireReader.Malformed() }
            let version: UInt16 = try reader.read()
            let build = try reader.readBytes(limit: 256)
            let numbers = try reader.readList(minimumSize: 4) { (reader) throws(WireReader.Malformed) in
                try reader.read(UInt32.self)
            }
            return PreflightAnswer(
                protocolVersion: version, build: build, formats: SharedFormats(numbers: numbers))
        }
        guard let answer else { return nil }
        self = answer
    }

    public func encoded() -> [UInt8] {
        var writer = WireWriter(reserving: 128)
        writer.write(Self.magic)
        writer.write(self.protocolVersion)
        writer.write(self.build)
        writer.write(list: self.formats.numbers) { $0.write($1) }
        return writer.bytes
    }
}
