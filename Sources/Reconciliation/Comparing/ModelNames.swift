/// Which model of an export a model that Sluice has sent is.
///
/// Exports name snapshots (`gpt-4o-2024-08-06`) where an alias may have been sent (`gpt-4o`). In this order: what was said; the same name;
/// the one model of the export whose name without its date is this one (or this one without `-latest`).
public struct ModelNames: Hashable, Sendable {
    /// A model that goes by another name in the export.
    public struct Match: Hashable, Sendable {
        /// As it was sent, and as the export has it.
        public var sent: [UInt8]
        public var export: [UInt8]
        /// Somebody has said so; false: found by its date.
        public var isGiven: Bool
    }

    /// A model that could be several of the export, and is compared as none of them.
    public struct Choice: Hashable, Sendable {
        public var sent: [UInt8]
        public var exports: [[UInt8]]
    }

    public private(set) var matches: [Match] = []
    public private(set) var choices: [Choice] = []
    /// Of what was said, names that nothing was sent as, and names that the export does not have.
    public private(set) var unsent: [[UInt8]] = []
    public private(set) var unexported: [[UInt8]] = []
    private var names: [[UInt8]: [UInt8]] = [:]

    /// `given`: as sent → in the export.
    public init(sent: Set<[UInt8]>, export: Set<[UInt8]>, given: [[UInt8]: [UInt8]] = [:]) {
        self.unsent = Set(given.keys).subtracting(sent).sorted { $0.lexicographicallyPrecedes($1) }
        self.unexported = Set(given.values).subtracting(export).sorted { $0.lexicographicallyPrecedes($1) }
        var dated: [[UInt8]: [[UInt8]]] = [:]
        for model in export.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            if let bare = Self.withoutDate(model) { dated[bare, default: []].append(model) }
        }
        for model in sent.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            if let name = given[model] {
                self.names[model] = name
                self.matches.append(Match(sent: model, export: name, isGiven: true))
                continue
            }
            guard !export.contains(model) else { continue }
            let latest = Array("-latest".utf8)
            let bare = model.suffix(latest.count).elementsEqual(latest) ? Array(model.dropLast(latest.count)) : model
            let candidates = (export.contains(bare) ? [bare] : []) + (dated[bare] ?? [])
            if candidates.count == 1 {
                self.names[model] = candidates[0]
                self.matches.append(Match(sent: model, export: candidates[0], isGiven: false))
            } else if candidates.count > 1 {
                self.choices.append(Choice(sent: model, exports: candidates))
            }
        }
    }

    /// What the export calls it; its own name where it has no other.
    public func name(_ sent: [UInt8]) -> [UInt8] { self.names[sent] ?? sent }

    /// A name without `-2024-08-06`, `-20240806` or `-0613` at its end; nil where it has no date.
    static func withoutDate(_ name: [UInt8]) -> [UInt8]? {
        func number(_ bytes: ArraySlice<UInt8>) -> Int? {
            guard bytes.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
            return bytes.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        }
        func isDay(_ month: ArraySlice<UInt8>, _ day: ArraySlice<UInt8>) -> Bool {
            guard let month = number(month), let day = number(day) else { return false }
            return (1...12).contains(month) && (1...31).contains(day)
        }
        func isYear(_ year: ArraySlice<UInt8>) -> Bool { number(year).map { (2020...2099).contains($0) } ?? false }
        func end(_ count: Int) -> ArraySlice<UInt8>? {
            guard name.count > count + 1, name[name.count - count - 1] == UInt8(ascii: "-") else { return nil }
            return name.suffix(count)
        }
        if let text = end(10), text[text.startIndex + 4] == UInt8(ascii: "-"),
            text[text.startIndex + 7] == UInt8(ascii: "-"), isYear(text.prefix(4)),
            isDay(text.dropFirst(5).prefix(2), text.suffix(2))
        {
            return Array(name.dropLast(11))
        }
        if let text = end(8), isYear(text.prefix(4)), isDay(text.dropFirst(4).prefix(2), text.suffix(2)) {
            return Array(name.dropLast(9))
        }
        if let text = end(4), isDay(text.prefix(2), text.suffix(2)) { return Array(name.dropLast(5)) }
        return nil
    }
}
