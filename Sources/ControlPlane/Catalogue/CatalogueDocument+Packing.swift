import Catalogue
import Domain
import IPC

/// A catalogue in few bytes: a tenth of the file that it was read from.
extension CatalogueDocument {
    private static let magic = Array("sluice catalogue 1\n".utf8)
    /// Bytes of a catalogue that is kept: it is part of each configuration in force.
    static let packedLimit = 16 << 20

    /// nil for a catalogue that is too large, or has more different words than there are numbers for them.
    func packed() -> [UInt8]? {
        var numbers: [String: UInt16] = [:]
        var words: [String] = []
        for entry in self.entries {
            for word in [entry.provider, entry.mode] + entry.capabilities where numbers[word] == nil {
                guard let number = UInt16(exactly: words.count) else { return nil }
                numbers[word] = number
                words.append(word)
            }
        }
        var writer = WireWriter(reserving: 1 << 20)
        writer.write(list: words) { $0.write($1) }
        writer.write(list: self.entries) { writer, entry in
            writer.write(entry.name)
            writer.write(numbers[entry.provider] ?? 0)
            writer.write(numbers[entry.mode] ?? 0)
            writer.write(optional: entry.maximumInput) { $0.write($1) }
            writer.write(optional: entry.maximumOutput) { $0.write($1) }
            writer.write(optional: entry.deprecation) { $0.write($1.daysSince1970) }
            writer.write(list: entry.capabilities) { $0.write(numbers[$1] ?? 0) }
            writer.write(list: entry.rates) { $1.write(to: &$0) }
        }
        return writer.bytes.count <= Self.packedLimit ? Self.magic + writer.bytes : nil
    }

    /// nil for anything `packed` does not make.
    init?(packed bytes: [UInt8]) {
        guard bytes.starts(with: Self.magic),
            let document = try? Self.unpacked(Array(bytes.dropFirst(Self.magic.count)))
        else { return nil }
        self = document
    }

    private static func unpacked(_ bytes: [UInt8]) throws(WireReader.Malformed) -> CatalogueDocument {
        try WireReader.decode(bytes) { (reader) throws(WireReader.Malformed) in
            let words = try reader.readList(minimumSize: 4) { (reader) throws(WireReader.Malformed) in
                try reader.readString(limit: 256)
            }
            let entries = try reader.readList(minimumSize: 19) { (reader) throws(WireReader.Malformed) in
                try CatalogueEntry(from: &reader, words)
            }
            return CatalogueDocument(entries)
        }
    }
}

extension CatalogueEntry {
    fileprivate init(from reader: inout WireReader, _ words: [String]) throws(WireReader.Malformed) {
        func word(_ reader: inout WireReader) throws(WireReader.Malformed) -> String {
            let number = Int(try reader.read(UInt16.self))
            guard number < words.count else { throw WireReader.Malformed() }
            return words[number]
        }
        func number(_ reader: inout WireReader) throws(WireReader.Malformed) -> UInt32 { try reader.read() }
        let name = try reader.readBytes(limit: 4096)
        let provider = try word(&reader)
        let mode = try word(&reader)
        let maximumInput = try reader.readOptional(number)
        let maximumOutput = try reader.readOptional(number)
        let deprecation = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            CatalogueDay(daysSince1970: try reader.read())
        }
        let capabilities = try reader.readList(minimumSize: 2, word)
        let rates = try reader.readList(minimumSize: 14) { (reader) throws(WireReader.Malformed) in
            try CatalogueEntry.Rate.read(from: &reader)
        }
        self.init(
            name: name, provider: provider, mode: mode, maximumInput: maximumInput, maximumOutput: maximumOutput,
            deprecation: deprecation, capabilities: capabilities, rates: rates.compactMap(\.self))
    }
}

extension CatalogueEntry.Rate {
    /// nil for one that a newer version has written, which this one has no use for.
    fileprivate static func read(from reader: inout WireReader) throws(WireReader.Malformed) -> CatalogueEntry.Rate? {
        let code: UInt8 = try reader.read()
        let service: UInt8 = try reader.read()
        let above: UInt32 = try reader.read()
        let value = Int64(bitPattern: try reader.read(UInt64.self))
        guard value >= 0 else { throw WireReader.Malformed() }
        guard let measure = CatalogueField.Measure(code: code), let service = ServiceTier(rawValue: service) else {
            return nil
        }
        return CatalogueEntry.Rate(CatalogueField(measure, above: above, service: service), value)
    }

    fileprivate func write(to writer: inout WireWriter) {
        writer.write(self.field.measure.code)
        writer.write(self.field.service.rawValue)
        writer.write(self.field.above)
        writer.write(UInt64(bitPattern: self.value))
    }
}
