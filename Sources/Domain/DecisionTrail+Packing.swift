/// The bytes of a trail, version 2: version 1, what follows 1 (`Part`), microseconds of the planning; where it is known how the request was
/// let in, microseconds until it was known who sends it, and of the limits; then the parts. Numbers without a size have seven bits a byte, least first, the top bit set where more follow; a text has
/// its length before it.
///
/// Limits: tokens and cost that were to be held; each limit (their number; scope and word 1, kind 1, limit, used, held, seconds until
/// waiting helps and 1, 0 for never; the number of those left away). Routing: strategy 1, tier 1 (0 for none), alias; the targets (their
/// number; each one's provider, model and price: 0 for none, else 1 or with a cost 2, input, output, cost; the number of those left away);
/// those left out (the same, with the reason before each one's names); the steps (their number 1, each one's kind 1, call 1, detail and
/// time).
///
/// Version 1 had strategy, tier, planning, alias, and the rest of routing without prices.
extension DecisionTrail {
    private static let version: UInt8 = 2
    private static let oldVersion: UInt8 = 1
    /// Kind, call, and two numbers of 32 bits.
    private static let maximumStep = 12
    /// Two numbers of 32 bits.
    private static let maximumCounts = 10

    /// What the second byte says; the verdict is in its two bits from `verdict` on.
    private enum Part {
        static let routing: UInt8 = 1
        static let limits: UInt8 = 2
        static let isCallerKnown: UInt8 = 4
        static let verdict: UInt8 = 3
        static let admission: UInt8 = 32
        static let all: UInt8 = 0b11_1111
    }

    /// The trail as bytes; none where there is nothing to say. Names that are too long are cut; of the limits as many are kept as there is
    /// room for, then of the targets, then of those left out; all steps are kept, up to `TrailStep.maximumCount`.
    public func packed() -> [UInt8] {
        let hasRouting = !self.isPlain
        guard hasRouting || self.admission != nil else { return [] }
        let hasLimits = self.admission.map { !$0.limits.isEmpty || $0.moreLimits > 0 } ?? false
        var writer = TrailWriter(capacity: hasRouting || hasLimits ? 256 : Self.shortSize)
        var parts = (hasRouting ? Part.routing : 0) | (hasLimits ? Part.limits : 0)
        if let admission = self.admission { parts |= Self.parts(admission) }
        Self.begin(parts, self.planning, self.admission, to: &writer)
        if let admission = self.admission, hasLimits { Self.write(admission, to: &writer) }
        if hasRouting { self.writeRouting(to: &writer) }
        return writer.bytes
    }

    /// What `packed` gives for a trail that has nothing but how a request was let in, without limits.
    public static func packed(plain admission: AdmissionTrail, planning: UInt32) -> [UInt8] {
        var writer = TrailWriter(capacity: Self.shortSize)
        self.begin(self.parts(admission), planning, admission, to: &writer)
        return writer.bytes
    }

    /// What every trail begins with.
    private static func begin(
        _ parts: UInt8, _ planning: UInt32, _ admission: AdmissionTrail?, to writer: inout TrailWriter
    ) {
        writer.append(byte: self.version)
        writer.append(byte: parts)
        writer.append(planning)
        guard let admission else { return }
        writer.append(admission.authenticated)
        writer.append(admission.duration)
    }

    private static func parts(_ admission: AdmissionTrail) -> UInt8 {
        Part.admission | (admission.isCallerKnown ? Part.isCallerKnown : 0)
            | admission.verdict.rawValue << Part.verdict
    }

    private static func write(_ admission: AdmissionTrail, to writer: inout TrailWriter) {
        writer.append(admission.tokens)
        writer.append(admission.cost)
        let limits = TrailWriter.fitting(admission.limits, room: Self.limitsRoom) {
            $0.append(byte: $1.scope.rawValue | $1.word.rawValue << 4)
            $0.append(byte: $1.kind.rawValue)
            $0.append($1.limit)
            $0.append($1.used)
            $0.append($1.held)
            $0.append($1.reset.map { UInt64($0) + 1 } ?? 0)
        }
        writer.append(limits, more: Self.sum(admission.moreLimits, admission.limits.count - limits.count))
    }

    private func writeRouting(to writer: inout TrailWriter) {
        let steps = self.steps.prefix(TrailStep.maximumCount)
        writer.append(byte: self.strategy.rawValue)
        writer.append(byte: self.tier?.rawValue ?? 0)
        writer.append(self.alias, Self.maximumName)
        // Room that what follows needs in any case.
        let rest = 1 + steps.count * Self.maximumStep + Self.maximumCounts
        let targets = TrailWriter.fitting(
            self.targets, room: Self.maximumSize - writer.bytes.count - rest - Self.maximumCounts
        ) { Self.write($1, to: &$0) }
        writer.append(targets, more: Self.sum(self.moreTargets, self.targets.count - targets.count))
        let leftOut = TrailWriter.fitting(self.leftOut, room: Self.maximumSize - writer.bytes.count - rest) {
            $0.append(byte: $1.reason.rawValue)
            Self.write($1.place, to: &$0)
        }
        writer.append(leftOut, more: Self.sum(self.moreLeftOut, self.leftOut.count - leftOut.count))
        writer.append(byte: UInt8(clamping: steps.count))
        for step in steps {
            writer.append(byte: step.kind.rawValue)
            writer.append(byte: step.call)
            writer.append(step.detail)
            writer.append(step.at)
        }
    }

    private static func write(_ place: Place, to writer: inout TrailWriter) {
        writer.append(place.provider, self.maximumProvider)
        writer.append(place.model, self.maximumName)
        guard let price = place.price else { return writer.append(byte: 0) }
        writer.append(byte: price.cost == nil ? 1 : 2)
        writer.append(price.input)
        writer.append(price.output)
        if let cost = price.cost { writer.append(cost) }
    }

    /// Reads what `packed` has written, or an older version's; nil for anything else.
    public init?(packed bytes: [UInt8]) {
        guard bytes.count <= Self.maximumSize else { return nil }
        var reader = TrailReader(bytes)
        do throws(TrailReader.Malformed) {
            switch try reader.byte() {
            case Self.oldVersion:
                self.init()
                try self.readRouting(from: &reader, isOld: true)
                guard !self.isPlain else { return nil }
            case Self.version:
                self.init()
                let parts = try reader.byte()
                guard parts & ~Part.all == 0, parts & Part.admission != 0 || parts == Part.routing else { return nil }
                self.planning = try reader.number()
                if parts & Part.admission != 0 { self.admission = try Self.admission(parts, from: &reader) }
                if parts & Part.routing != 0 {
                    try self.readRouting(from: &reader, isOld: false)
                    guard !self.isPlain else { return nil }
                }
            default: return nil
            }
        } catch {
            return nil
        }
        guard reader.isAtEnd, self.steps.count <= TrailStep.maximumCount else { return nil }
    }

    private static func admission(
        _ parts: UInt8, from reader: inout TrailReader
    ) throws(TrailReader.Malformed) -> AdmissionTrail {
        guard let verdict = AdmissionTrail.Verdict(rawValue: (parts & ~Part.admission) >> Part.verdict) else {
            throw TrailReader.Malformed()
        }
        var admission = AdmissionTrail(isCallerKnown: parts & Part.isCallerKnown != 0, verdict: verdict)
        admission.authenticated = try reader.number()
        admission.duration = try reader.number()
        guard parts & Part.limits != 0 else { return admission }
        admission.tokens = try reader.amount()
        admission.cost = try reader.amount()
        for _ in 0..<(try reader.number()) {
            let first = try reader.byte()
            guard let scope = LimitScope(rawValue: first & 0xF), let word = CheckedLimit.Word(rawValue: first >> 4),
                let kind = LimitKind(rawValue: try reader.byte())
            else { throw TrailReader.Malformed() }
            var limit = CheckedLimit(scope: scope, kind: kind, word: word, limit: try reader.amount(), used: 0, held: 0)
            limit.used = try reader.amount()
            limit.held = try reader.amount()
            let reset = try reader.wide()
            guard reset <= UInt64(UInt32.max) + 1 else { throw TrailReader.Malformed() }
            limit.reset = reset == 0 ? nil : UInt32(reset - 1)
            admission.limits.append(limit)
        }
        admission.moreLimits = try reader.number()
        guard !admission.limits.isEmpty || admission.moreLimits > 0 else { throw TrailReader.Malformed() }
        return admission
    }

    private mutating func readRouting(from reader: inout TrailReader, isOld: Bool) throws(TrailReader.Malformed) {
        guard let strategy = RoutePolicy.Strategy(rawValue: try reader.byte()) else { throw TrailReader.Malformed() }
        self.strategy = strategy
        let tier = try reader.byte()
        guard tier == 0 || Tier(rawValue: tier) != nil else { throw TrailReader.Malformed() }
        self.tier = Tier(rawValue: tier)
        if isOld { self.planning = try reader.number() }
        self.alias = try reader.text(Self.maximumName)
        for _ in 0..<(try reader.number()) { self.targets.append(try Self.place(from: &reader, isOld: isOld)) }
        self.moreTargets = try reader.number()
        for _ in 0..<(try reader.number()) {
            guard let reason = Reason(rawValue: try reader.byte()) else { throw TrailReader.Malformed() }
            self.leftOut.append(LeftOut(try Self.place(from: &reader, isOld: isOld), reason))
        }
        self.moreLeftOut = try reader.number()
        for _ in 0..<(try reader.byte()) {
            guard let kind = TrailStep.Kind(rawValue: try reader.byte()) else { throw TrailReader.Malformed() }
            let call = try reader.byte()
            let detail = try reader.number()
            self.steps.append(TrailStep(kind, call: call, detail: detail, at: try reader.number()))
        }
    }

    private static func place(
        from reader: inout TrailReader, isOld: Bool
    ) throws(TrailReader.Malformed) -> Place {
        let provider = try reader.text(self.maximumProvider)
        var place = Place(provider: provider, model: try reader.text(self.maximumName))
        if isOld { return place }
        let kind = try reader.byte()
        guard kind <= 2 else { throw TrailReader.Malformed() }
        guard kind > 0 else { return place }
        var price = Price(input: try reader.amount(), output: 0)
        price.output = try reader.amount()
        if kind == 2 { price.cost = try reader.amount() }
        place.price = price
        return place
    }

    private static func sum(_ a: UInt32, _ b: Int) -> UInt32 {
        let (sum, overflow) = a.addingReportingOverflow(UInt32(clamping: b))
        return overflow ? .max : sum
    }
}
