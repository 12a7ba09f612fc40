import Domain

extension Price {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let rates = try Rates(from: &reader)
        let longPrompt = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            let above: Int64 = try reader.read()
            return LongPrompt(above: above, rates: try Rates(from: &reader))
        }
        self.init(rates, longPrompt: longPrompt)
    }

    func write(to writer: inout WireWriter) {
        self.rates.write(to: &writer)
        writer.write(optional: self.longPrompt) {
            $0.write($1.above)
            $1.rates.write(to: &$0)
        }
    }
}

extension Price.Rates {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let input: Int64 = try reader.read()
        let output: Int64 = try reader.read()
        self.init(input: input, output: output)
        for member in Price.Rates.optionalMembers {
            self[keyPath: member] = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                try reader.read(Int64.self)
            }
        }
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.input)
        writer.write(self.output)
        for member in Price.Rates.optionalMembers {
            writer.write(optional: self[keyPath: member]) { $0.write($1) }
        }
    }

    private static var optionalMembers: [WritableKeyPath<Price.Rates, Int64?>] {
        [\.cacheRead, \.cacheWrite, \.cacheWriteHour, \.reasoning, \.audioInput, \.audioOutput, \.image]
    }
}

extension JournalSettings {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let maxBytes: UInt64 = try reader.read()
        let isStrict = try reader.readBool()
        self.init(maxBytes: maxBytes, isStrict: isStrict, syncInterval: try reader.read())
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.maxBytes)
        writer.write(self.isStrict)
        writer.write(self.syncInterval)
    }
}

extension ModelFacts {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let number = { (reader: inout WireReader) throws(WireReader.Malformed) in try reader.read(UInt32.self) }
        let price = try reader.readOptional(number)
        let contextWindow = try reader.readOptional(number)
        let maximumOutput = try reader.readOptional(number)
        guard let member = OutputLimitMember(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        self.init(
            price: price, contextWindow: contextWindow, maximumOutput: maximumOutput, outputLimitMember: member)
    }

    func write(to writer: inout WireWriter) {
        writer.write(optional: self.price) { $0.write($1) }
        writer.write(optional: self.contextWindow) { $0.write($1) }
        writer.write(optional: self.maximumOutput) { $0.write($1) }
        writer.write(self.outputLimitMember.rawValue)
    }
}
