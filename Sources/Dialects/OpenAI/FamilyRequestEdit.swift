internal import Domain
internal import JSON

/// Makes a request of OpenAI's one that a provider of the family takes: as splices over its bytes, so that everything the
/// gateway does not know stays as the client wrote it. Pure but for the reader it shares with its loop.
struct FamilyRequestEdit {
    /// A member that may change, or a run of others, of which only the place is kept: a body may have millions.
    private struct Member {
        /// nil for a run.
        var name: [UInt8]?
        /// Between its quotes.
        var key: Range<Int>
        var value: Range<Int>

        var range: Range<Int> { (self.key.lowerBound &- 1)..<self.value.upperBound }
    }

    private var edits: FamilyEdits
    private let rules: [MemberRule]
    private let editsMessages: Bool
    private var members: [Member] = []
    /// The names of those that are known and not null.
    private var present: Set<[UInt8]> = []

    /// `body` is a request to the endpoint `target`; `editsMessages` is false where the gateway itself has written it for the row.
    static func edits(
        _ body: UnsafeRawBufferPointer, capacity: Int, target: Endpoint, editsMessages: Bool,
        _ context: TranslationContext, reader: DialectReader
    ) throws(GatewayError) -> FamilyEdits {
        var edit = FamilyRequestEdit(
            edits: FamilyEdits(context), rules: context.row.rules(for: target),
            editsMessages: editsMessages && target == .chatCompletions)
        let result: Result<FamilyEdits, GatewayError>
        do throws(JSONFault) {
            result = try unsafe reader.indexer.read(body, capacity: capacity) { cursor in
                Result { () throws(GatewayError) in try edit.run(&cursor) }
            }
        } catch {
            throw RequestFault.invalidJSON(error)
        }
        return try result.get()
    }

    private init(edits: FamilyEdits, rules: [MemberRule], editsMessages: Bool) {
        self.edits = edits
        self.rules = rules
        self.editsMessages = editsMessages
    }

    private mutating func run(_ cursor: inout JSONCursor) throws(GatewayError) -> FamilyEdits {
        guard cursor.enterObject() else { throw RequestFault.invalidJSON(nil) }
        while let key = cursor.nextKey() {
            let name = FamilyRequestEdit.text(key, cursor)
            let start = cursor.offset
            try self.walk(name, &cursor)
            self.note(name, key, start..<max(start, cursor.valueEnd))
        }
        guard cursor.isAtEnd else { throw RequestFault.invalidJSON(cursor.fault) }
        try self.applyRules(cursor)
        self.edits.splices.sort { $0.offset < $1.offset }
        return self.edits
    }

    private mutating func note(_ name: [UInt8], _ key: Range<Int>, _ value: Range<Int>) {
        let isKnown = self.rules.contains { rule in
            guard !rule.member.utf8.elementsEqual(name) else { return true }
            if case .rename(let other) = rule.action { return other.utf8.elementsEqual(name) }
            return false
        }
        if isKnown || JSONName.equals(name, "response_format") {
            self.members.append(Member(name: name, key: key, value: value))
        } else if let last = self.members.indices.last, self.members[last].name == nil {
            self.members[last].value = value
        } else {
            self.members.append(Member(name: nil, key: key, value: value))
        }
    }

    /// Steps over one value, into it where it has to be looked at.
    private mutating func walk(_ name: [UInt8], _ cursor: inout JSONCursor) throws(GatewayError) {
        if self.editsMessages, JSONName.equals(name, "messages"), cursor.enterArray() {
            var index = 0
            while cursor.nextElement() {
                if cursor.kind == .object {
                    try FamilyMessageEdit.edit(&cursor, "messages[\(index)]", &self.edits)
                } else {
                    _ = cursor.skip()
                }
                index &+= 1
            }
            return
        }
        let isTools = JSONName.equals(name, "tools") && self.rule(for: name) == nil
        if self.editsMessages, !self.edits.row.takesCacheMarks, isTools, cursor.enterArray() {
            while cursor.nextElement() { FamilyRequestEdit.dropMarks(&cursor, &self.edits) }
            return
        }
        _ = cursor.skip()
    }

    /// Steps over a value; where it is an object, its `cache_control` goes.
    private static func dropMarks(_ cursor: inout JSONCursor, _ edits: inout FamilyEdits) {
        guard cursor.enterObject() else {
            _ = cursor.skip()
            return
        }
        var removal = MemberRemoval()
        while let key = cursor.nextKey() {
            let isMark = cursor.matches(key, "cache_control")
            guard let value = cursor.skip() else { return }
            let range = (key.lowerBound &- 1)..<value.upperBound
            if isMark { removal.remove(range) } else { edits.add(removal.keep(range)) }
        }
        edits.add(removal.end())
    }

    // MARK: Rules

    private func rule(for name: [UInt8]) -> MemberRule? {
        self.rules.first { $0.member.utf8.elementsEqual(name) }
    }

    private mutating func applyRules(_ cursor: borrowing JSONCursor) throws(GatewayError) {
        var removal = MemberRemoval()
        // Found once: a body may have one member as often as it likes.
        for member in self.members {
            guard let name = member.name, unsafe !JSONScalar.isNull(cursor.bytes(member.value)) else { continue }
            self.present.insert(name)
        }
        for member in self.members {
            if let name = member.name, try self.goes(name, member, cursor) {
                removal.remove(member.range)
            } else {
                self.edits.add(removal.keep(member.range))
            }
        }
        self.edits.add(removal.end())
    }

    private mutating func goes(
        _ name: [UInt8], _ member: Member, _ cursor: borrowing JSONCursor
    ) throws(GatewayError) -> Bool {
        let value = unsafe cursor.bytes(member.value)
        switch self.rule(for: name)?.action {
        case .strip: return true
        case .unsupported:
            if unsafe NeutralValue.isNeutral(value, of: name) { return true }
            try self.edits.unsupported.member(String(decoding: name, as: UTF8.self))
            return true
        case .rename(let other):
            guard unsafe !JSONScalar.isNull(value) else { return true }
            guard !self.present.contains(Array(other.utf8)) else { return true }
            self.edits.replace(member.key, Array(other.utf8))
            return false
        case nil: break
        }
        if JSONName.equals(name, "response_format"), !self.edits.row.takesSchemas,
            unsafe NeutralValue.mentions(value, "\"json_schema\"")
        {
            try self.edits.unsupported.member(
                "response_format",
                hint:
                    "It can answer with JSON, but not keep to a schema; with `drop_unsupported: true` JSON is asked for."
            )
            self.edits.replace(member.value, Array(#"{"type":"json_object"}"#.utf8))
        }
        // A null in the place of what is renamed would make two members of one name.
        return unsafe JSONScalar.isNull(value)
            && self.rules.contains { $0.action == .rename(String(decoding: name, as: UTF8.self)) }
    }

    /// What a key stands for.
    static func text(_ range: Range<Int>, _ cursor: borrowing JSONCursor) -> [UInt8] {
        let bytes = unsafe cursor.bytes(range)
        var text: [UInt8] = []
        guard unsafe JSONText.hasEscapes(bytes), unsafe JSONText.unescape(bytes, into: &text) else {
            return unsafe Array(bytes)
        }
        return text
    }
}
