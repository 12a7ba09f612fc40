/// What of a catalogue's file is not used, counted and named.
public struct CatalogueNotes: Hashable, Sendable {
    /// A field, and how often.
    public struct Field: Hashable, Sendable {
        /// As the file has it.
        public var name: String
        /// Models that have it.
        public var count: Int
        /// The first of them.
        public var model: String
        /// Why it is not used.
        public var reason: String
    }

    /// A model, and why it is left out.
    public struct Model: Hashable, Sendable {
        public var name: String
        public var reason: String
    }

    /// Names that are told; of more it is only said how many.
    public static let limit = 200
    /// Bytes of a name that are told.
    private static let shownBytes = 120

    /// Fields that this version does not know.
    public private(set) var unknown: [Field] = []
    /// Fields with values that cannot be used.
    public private(set) var bad: [Field] = []
    /// Prices that this version knows and has no use for.
    public private(set) var ignored: [Field] = []
    public private(set) var models: [Model] = []
    /// Names that there was no room for.
    public private(set) var more = 0
    /// Prices that are finer than a pico-USD, and were rounded to one.
    public internal(set) var rounded = 0

    public init() {}

    /// Whether anybody should look: something in the file is wrong or new.
    public var isClean: Bool { self.unknown.isEmpty && self.bad.isEmpty && self.models.isEmpty && self.more == 0 }

    mutating func unknown(_ field: [UInt8], in model: [UInt8]) {
        self.note(\.unknown, field, model, "this version does not know it")
    }

    mutating func bad(_ field: [UInt8], in model: [UInt8], _ reason: String) {
        self.note(\.bad, field, model, reason)
    }

    mutating func ignored(_ field: [UInt8], in model: [UInt8], _ reason: IgnoredPrice) {
        self.note(\.ignored, field, model, reason.rawValue)
    }

    mutating func leftOut(_ model: [UInt8], _ reason: String) {
        guard self.models.count < Self.limit else { return self.more += 1 }
        self.models.append(Model(name: Self.shown(model), reason: reason))
    }

    private mutating func note(
        _ list: WritableKeyPath<CatalogueNotes, [Field]>, _ field: [UInt8], _ model: [UInt8], _ reason: String
    ) {
        let name = Self.shown(field)
        if let index = self[keyPath: list].firstIndex(where: { $0.name == name && $0.reason == reason }) {
            self[keyPath: list][index].count += 1
        } else if self[keyPath: list].count < Self.limit {
            self[keyPath: list].append(Field(name: name, count: 1, model: Self.shown(model), reason: reason))
        } else {
            self.more += 1
        }
    }

    /// A name from outside, safe to show.
    static func shown(_ name: [UInt8]) -> String {
        String(
            decoding: name.prefix(Self.shownBytes).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") },
            as: UTF8.self)
    }
}
