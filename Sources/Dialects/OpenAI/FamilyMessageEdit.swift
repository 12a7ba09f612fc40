internal import Domain
internal import JSON

/// Makes one message of a chat request one that the provider takes. Pure.
struct FamilyMessageEdit {
    private enum Role {
        case assistant, tool, other
    }

    private struct Member {
        var key: Range<Int>
        var value: Range<Int>
        /// It is a run of members that stay, of which only the place is kept.
        var isPlain = false
        var goes = false

        var range: Range<Int> { (self.key.lowerBound &- 1)..<self.value.upperBound }
    }

    private static let known: [StaticString] =
        ["role", "content", "name", "tool_call_id", "cache_control"] + Self.nothings + Self.thoughts
    /// What an SDK gives back of an answer, where it was nothing.
    private static let nothings: [StaticString] = ["refusal", "annotations", "audio", "function_call"]

    private var members: [Member] = []
    private var content: FamilyContentEdit?

    /// Edits the message in front of the cursor, which then stands behind it.
    static func edit(
        _ cursor: inout JSONCursor, _ path: String, _ edits: inout FamilyEdits
    ) throws(GatewayError) {
        var edit = FamilyMessageEdit()
        guard cursor.enterObject() else { return }
        while let key = cursor.nextKey() {
            let start = cursor.offset
            if cursor.matches(key, "content"), cursor.kind == .array {
                edit.content = try FamilyContentEdit(&cursor, "\(path).content", &edits)
            } else if cursor.matches(key, "tool_calls"), cursor.kind == .array {
                FamilyMessageEdit.fitCallIDs(&cursor, &edits)
            } else {
                _ = cursor.skip()
            }
            let value = start..<max(start, cursor.valueEnd)
            let isPlain = !Self.known.contains { cursor.matches(key, $0) }
            if isPlain, let last = edit.members.indices.last, edit.members[last].isPlain {
                edit.members[last].value = value
            } else {
                edit.members.append(Member(key: key, value: value, isPlain: isPlain))
            }
        }
        guard cursor.fault == nil else { return }
        try edit.apply(cursor, path, &edits)
    }

    private mutating func apply(
        _ cursor: borrowing JSONCursor, _ path: String, _ edits: inout FamilyEdits
    ) throws(GatewayError) {
        let row = edits.row
        var role = Role.other
        if let index = self.index("role", cursor) {
            let value = self.members[index].value
            if cursor.matches(value, "\"assistant\"") { role = .assistant }
            if cursor.matches(value, "\"tool\"") || cursor.matches(value, "\"function\"") { role = .tool }
            if !row.takesDeveloperRole, cursor.matches(value, "\"developer\"") {
                edits.replace(value, Array("\"system\"".utf8))
            }
        }
        try self.checkName(role, cursor, path, edits)
        if !row.takesCacheMarks { self.drop("cache_control", cursor) }
        if let length = row.callIDLength, let index = self.index("tool_call_id", cursor) {
            FamilyMessageEdit.fit(self.members[index].value, length, cursor, &edits)
        }
        if role == .assistant { self.editAnswer(cursor, &edits) }
        if role == .tool, !row.takesToolContentLists, let text = self.content?.joined(cursor) {
            self.replaceContent(text, cursor, &edits)
        } else if let content = self.content {
            edits.splices += content.splices
        }
        self.removeDropped(&edits)
    }

    private func removeDropped(_ edits: inout FamilyEdits) {
        guard self.members.contains(where: \.goes) else { return }
        var removal = MemberRemoval()
        for member in self.members {
            if member.goes { removal.remove(member.range) } else { edits.add(removal.keep(member.range)) }
        }
        edits.add(removal.end())
    }

    private func index(_ name: StaticString, _ cursor: borrowing JSONCursor) -> Int? {
        self.members.firstIndex { !$0.isPlain && cursor.matches($0.key, name) }
    }

    private mutating func drop(_ name: StaticString, _ cursor: borrowing JSONCursor) {
        for index in self.members.indices where cursor.matches(self.members[index].key, name) {
            self.members[index].goes = true
        }
    }

    private func isNull(_ index: Int, _ cursor: borrowing JSONCursor) -> Bool {
        cursor.matches(self.members[index].value, "null")
    }

    private mutating func checkName(
        _ role: Role, _ cursor: borrowing JSONCursor, _ path: String, _ edits: FamilyEdits
    ) throws(GatewayError) {
        guard let index = self.index("name", cursor) else { return }
        switch edits.row.names {
        case .everywhere: return
        case .tools where role == .tool: return
        case .tools, .nowhere: break
        }
        // The name of a tool is known from its call.
        if role != .tool, !self.isNull(index, cursor) { try edits.unsupported.member("\(path).name") }
        self.drop("name", cursor)
    }

    // MARK: Answers

    private mutating func editAnswer(_ cursor: borrowing JSONCursor, _ edits: inout FamilyEdits) {
        for name in Self.nothings {
            guard let index = self.index(name, cursor) else { continue }
            let value = self.members[index].value
            if cursor.matches(value, "null") || cursor.matches(value, "[]") { self.drop(name, cursor) }
        }
        switch edits.row.thoughts {
        case .blocks: return
        case .none: for name in Self.thoughts { self.drop(name, cursor) }
        case .reasoningContent: self.keepThoughts("reasoning_content", instead: "reasoning", cursor, &edits)
        case .reasoning: self.keepThoughts("reasoning", instead: "reasoning_content", cursor, &edits)
        case .reasoningDetails:
            self.keepThoughts("reasoning", instead: "reasoning_content", keepsDetails: true, cursor, &edits)
        case .thinkingPart: self.moveThoughts(cursor, &edits)
        }
    }

    private static let thoughts: [StaticString] = [
        "reasoning_content", "reasoning", "reasoning_details", "thinking_blocks",
    ]

    private mutating func keepThoughts(
        _ name: StaticString, instead other: StaticString, keepsDetails: Bool = false, _ cursor: borrowing JSONCursor,
        _ edits: inout FamilyEdits
    ) {
        self.drop("thinking_blocks", cursor)
        if !keepsDetails { self.drop("reasoning_details", cursor) }
        guard let index = self.index(other, cursor) else { return }
        if self.index(name, cursor) != nil || self.isNull(index, cursor) {
            self.drop(other, cursor)
        } else {
            edits.replace(self.members[index].key, Array("\(name)".utf8))
        }
    }

    /// Into the content, as a part in front of what is there; thoughts without content are left out.
    private mutating func moveThoughts(_ cursor: borrowing JSONCursor, _ edits: inout FamilyEdits) {
        let source = self.index("reasoning_content", cursor) ?? self.index("reasoning", cursor)
        for name in Self.thoughts { self.drop(name, cursor) }
        guard let source, let content = self.index("content", cursor) else { return }
        let text = unsafe Array(cursor.bytes(self.members[source].value))
        let range = self.members[content].value
        guard text.count > 2, text.first == UInt8(ascii: "\"") else { return }
        let part = Array(#"{"type":"thinking","thinking":[{"type":"text","text":"#.utf8) + text + Array("}]}".utf8)
        let old = unsafe cursor.bytes(range)
        if unsafe old.first == UInt8(ascii: "[") {
            let isEmpty = self.content?.isEmpty ?? true
            edits.replace(
                (range.lowerBound &+ 1)..<(range.lowerBound &+ 1), part + (isEmpty ? [] : [UInt8(ascii: ",")]))
        } else if unsafe old.first == UInt8(ascii: "\"") {
            let rest =
                old.count > 2 ? unsafe Array(#",{"type":"text","text":"#.utf8) + old + [UInt8(ascii: "}")] : []
            edits.replace(range, [UInt8(ascii: "[")] + part + rest + [UInt8(ascii: "]")])
        }
    }

    private mutating func replaceContent(
        _ text: [UInt8], _ cursor: borrowing JSONCursor, _ edits: inout FamilyEdits
    ) {
        guard let index = self.index("content", cursor) else { return }
        edits.replace(self.members[index].value, text)
    }

    // MARK: Calls

    private static func fitCallIDs(_ cursor: inout JSONCursor, _ edits: inout FamilyEdits) {
        guard let length = edits.row.callIDLength, cursor.enterArray() else {
            _ = cursor.skip()
            return
        }
        while cursor.nextElement() {
            guard cursor.enterObject() else {
                _ = cursor.skip()
                continue
            }
            while let key = cursor.nextKey() {
                let isID = cursor.matches(key, "id")
                guard let value = cursor.skip() else { return }
                if isID { self.fit(value, length, cursor, &edits) }
            }
        }
    }

    private static func fit(
        _ value: Range<Int>, _ length: Int, _ cursor: borrowing JSONCursor, _ edits: inout FamilyEdits
    ) {
        guard value.count >= 2, unsafe cursor.bytes(value).first == UInt8(ascii: "\"") else { return }
        let id = FamilyRequestEdit.text((value.lowerBound &+ 1)..<(value.upperBound &- 1), cursor)
        let fitted = ToolCallID.fitted(id, length: length)
        guard fitted != id else { return }
        edits.replace(value, [UInt8(ascii: "\"")] + fitted + [UInt8(ascii: "\"")])
    }
}
