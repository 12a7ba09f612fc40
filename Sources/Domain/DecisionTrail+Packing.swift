/// The bytes of a trail: version 1, strategy 1, tier 1 (0 for none), planning, alias; the targets (their number, each one's
/// provider and model, the number of those left away); those left out (the same, with the reason before each one's names);
/// the steps (their number 1, each one's kind 1, call 1, detail and time). Numbers without a size have seven bits a byte,
/// least first, the top bit set where more follow; a text has its length before it.
extension DecisionTrail {
    private static let version: UInt8 = 1
    /// Kind, call, and two numbers of 32 bits.
    private static let maximumStep = 12
    /// Two numbers of 32 bits.
    private static let maximumCounts = 10

    /// The trail as bytes, none for a plain one. Names that are too long are cut; of the targets as many are kept as there
    /// is room for, then of those left out; all steps are kept, up to `TrailStep.maximumCount`.
    public func packed() -> [UInt8] {
        if self.isPlain { return [] }
        let steps = self.steps.prefix(TrailStep.maximumCount)
        var writer = Writer()
        writer.append(byte: Self.version)
        writer.append(byte: self.strategy.rawValue)
        writer.append(byte: self.tier?.rawValue ?? 0)
        writer.append(self.planning)
        writer.append(self.alias, Self.maximumName)
        // Room that what follows needs in any case.
        let rest = 1 + steps.count * Self.maximumStep + Self.maximumCounts
        let targets = Writer.fitting(
            self.targets, room: Self.maximumSize - writer.bytes.count - rest - Self.maximumCounts
        ) { $0.append($1) }
        writer.append(targets, more: Self.sum(self.moreTargets, self.targets.count - targets.count))
        let leftOut = Writer.fitting(self.leftOut, room: Self.maximumSize - writer.bytes.count - rest) {
            $0.append(byte: $1.reason.rawValue)
            $0.append($1.place)
        }
        writer.append(leftOut, more: Self.sum(self.moreLeftOut, self.leftOut.count - leftOut.count))
        writer.append(byte: UInt8(clamping: steps.count))
        for step in steps {
            writer.append(byte: step.kind.rawValue)
            writer.append(byte: step.call)
            writer.append(step.detail)
            writer.append(step.at)
        }
        return writer.bytes
    }

    /// Reads what `packed` has written; nil for anything else.
    public init?(packed bytes: [UInt8]) {
        guard bytes.count <= Self.maximumSize else { return nil }
        var reader = Reader(bytes: bytes)
        do throws(Malformed) {
            guard try reader.byte() == Self.version else { return nil }
            guard let strategy = RoutePolicy.Strategy(rawValue: try reader.byte()) else { return nil }
            let tier = try reader.byte()
            guard tier == 0 || Tier(rawValue: tier) != nil else { return nil }
            self.init(strategy: strategy, tier: Tier(rawValue: tier))
            self.planning = try reader.number()
            self.alias = try reader.text(Self.maximumName)
            for _ in 0..<(try reader.number()) { self.targets.append(try reader.target()) }
            self.moreTargets = try reader.number()
            for _ in 0..<(try reader.number()) {
                guard let reason = Reason(rawValue: try reader.byte()) else { return nil }
                self.leftOut.append(LeftOut(try reader.target(), reason))
            }
            self.moreLeftOut = try reader.number()
            for _ in 0..<(try reader.byte()) {
                guard let kind = TrailStep.Kind(rawValue: try reader.byte()) else { return nil }
                let call = try reader.byte()
                let detail = try reader.number()
                self.steps.append(TrailStep(kind, call: call, detail: detail, at: try reader.number()))
            }
        } catch {
            return nil
        }
        guard reader.offset == bytes.count, self.steps.count <= TrailStep.maximumCount, !self.isPlain else {
            return nil
        }
    }

    private static func sum(_ a: UInt32, _ b: Int) -> UInt32 {
        let (sum, overflow) = a.addingReportingOverflow(UInt32(clamping: b))
        return overflow ? .max : sum
    }

    private struct Malformed: Error {}

    private struct Writer {
        var bytes: [UInt8] = []

        mutating func append(byte: UInt8) { self.bytes.append(byte) }

        mutating func append(_ number: UInt32) {
            var rest = number
            while rest >= 0x80 {
                self.bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            self.bytes.append(UInt8(truncatingIfNeeded: rest))
        }

        /// A longer text ends with its last whole character before `maximum`.
        mutating func append(_ text: [UInt8], _ maximum: Int) {
            var end = min(text.count, maximum)
            if end < text.count {
                var start = end
                while start > 0, end - start < 3, text[start] & 0xC0 == 0x80 { start -= 1 }
                if text[start] & 0xC0 != 0x80 { end = start }
            }
            self.append(UInt32(clamping: end))
            self.bytes += text[..<end]
        }

        mutating func append(_ place: Place) {
            self.append(place.provider, DecisionTrail.maximumProvider)
            self.append(place.model, DecisionTrail.maximumName)
        }

        mutating func append(_ list: (count: Int, bytes: [UInt8]), more: UInt32) {
            self.append(UInt32(clamping: list.count))
            self.bytes += list.bytes
            self.append(more)
        }

        /// The first of a list that take at most `room` bytes.
        static func fitting<Item>(
            _ items: [Item], room: Int, _ append: (inout Writer, Item) -> Void
        ) -> (count: Int, bytes: [UInt8]) {
            var writer = Writer()
            var count = 0
            for item in items {
                let before = writer.bytes.count
                append(&writer, item)
                guard writer.bytes.count <= room else {
                    writer.bytes.removeSubrange(before...)
                    break
                }
                count += 1
            }
            return (count, writer.bytes)
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var offset = 0

        mutating func byte() throws(Malformed) -> UInt8 {
            guard self.offset < self.bytes.count else { throw Malformed() }
            defer { self.offset += 1 }
            return self.bytes[self.offset]
        }

        /// In as few bytes as it takes, as it is written.
        mutating func number() throws(Malformed) -> UInt32 {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while shift < 35 {
                let byte = try self.byte()
                value |= UInt64(byte & 0x7F) << shift
                shift += 7
                guard byte & 0x80 == 0 else { continue }
                guard byte != 0 || shift == 7, let number = UInt32(exactly: value) else { throw Malformed() }
                return number
            }
            throw Malformed()
        }

        mutating func text(_ maximum: Int) throws(Malformed) -> [UInt8] {
            let count = Int(try self.number())
            guard count <= maximum, self.bytes.count - self.offset >= count else { throw Malformed() }
            defer { self.offset += count }
            return Array(self.bytes[self.offset..<self.offset + count])
        }

        mutating func target() throws(Malformed) -> Place {
            let provider = try self.text(DecisionTrail.maximumProvider)
            return Place(provider: provider, model: try self.text(DecisionTrail.maximumName))
        }
    }
}
