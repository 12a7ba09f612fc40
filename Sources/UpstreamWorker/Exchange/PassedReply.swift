internal import Dialects
internal import Domain
internal import JSON

/// What is still known of a JSON reply that was too large to be held and has passed: its first and its last bytes, and whether
/// its outermost value has been closed. Pure.
struct PassedReply {
    /// What is found in the bytes that are still there.
    struct Found: Hashable {
        var usage: TokenUsage?
        var terms = UsageTerms()
        var finish = FinishReason.none
    }

    /// Bytes of the reply's end in which usage and finish reason are searched for.
    static let keptEnd = 64 << 10
    /// Bytes of its beginning in which usage is searched for: some providers write it before the choices.
    static let keptStart = 4 << 10
    /// Places that are read at most for each: a reply may hold the name as often as it likes.
    private static let maximumTries = 8

    private var start: [UInt8] = []
    private var end: [UInt8] = []
    private var nesting = JSONNesting()
    private let watchesBrackets: Bool
    private var images: ImageCount?

    /// Without `watchesBrackets` nothing is learned of `isClosed`, and the bytes are not looked at one by one. `countsImages`: the
    /// reply is made of images.
    init(watchesBrackets: Bool, countsImages: Bool = false) {
        self.watchesBrackets = watchesBrackets
        self.images = countsImages ? ImageCount() : nil
    }

    /// The outermost object or array has been closed. No part of a JSON text that lacks its end is like that.
    private(set) var isClosed = false

    mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        if self.start.count < Self.keptStart {
            unsafe self.start.append(contentsOf: bytes.prefix(Self.keptStart - self.start.count))
        }
        unsafe self.end.append(contentsOf: bytes.suffix(Self.keptEnd))
        if self.end.count > 2 * Self.keptEnd { self.end.removeFirst(self.end.count - Self.keptEnd) }
        unsafe self.images?.feed(bytes)
        guard self.watchesBrackets else { return }
        for index in 0..<bytes.count { unsafe self.read(bytes[index]) }
    }

    private mutating func read(_ byte: UInt8) {
        if self.nesting.read(byte) { self.isClosed = self.nesting.depth == 0 }
    }

    /// What the reply, which has ended, says among its last members, and of its usage also among its first; nothing where it
    /// stands elsewhere.
    func reply(_ dialect: ReplyDialect) -> Found {
        let told = self.lastUsage(dialect) ?? self.firstUsage(dialect)
        var found = Found(usage: told?.usage, terms: told?.terms ?? UsageTerms())
        if found.terms.service == nil { found.terms.service = self.lastService(dialect) }
        if let images = self.images?.images { found.terms.set(.imageOutput, images) }
        var tries = 0
        let isAnthropic = dialect.passage == .anthropic
        let name: StaticString = isAnthropic ? "\"stop_reason\"" : "\"finish_reason\""
        self.eachMember(name, of: self.end.suffix(Self.keptEnd)) { members in
            tries += 1
            // The member and what follows it to the end of its choice, or message.
            guard let owner = Self.object(members) else { return tries >= Self.maximumTries }
            let whole = isAnthropic ? owner : Array("{\"choices\":[".utf8) + owner + Array("]}".utf8)
            found.finish = dialect.outcome(of: whole)?.finish ?? .none
            return found.finish != .none || tries >= Self.maximumTries
        }
        return found
    }

    /// A member's name, with the brace that opened its object before it and all that follows, is an object exactly where the
    /// member is one of the outermost.
    private func lastUsage(_ dialect: ReplyDialect) -> UnaryReply? {
        self.last("\"usage\"", dialect) { $0.usage != nil }
    }

    /// Where it stands before the usage.
    private func lastService(_ dialect: ReplyDialect) -> ServiceTier? {
        self.last("\"service_tier\"", dialect) { $0.terms.service != nil }?.terms.service
    }

    private func last(
        _ name: StaticString, _ dialect: ReplyDialect, _ isWanted: (UnaryReply) -> Bool
    ) -> UnaryReply? {
        var told: UnaryReply?
        var tries = 0
        self.eachMember(name, of: self.end.suffix(Self.keptEnd)) { members in
            tries += 1
            told = dialect.outcome(of: [UInt8(ascii: "{")] + members).flatMap { isWanted($0) ? $0 : nil }
            return told != nil || tries >= Self.maximumTries
        }
        return told
    }

    /// The usage among the first members: a member of the outermost object is one brace deep.
    private func firstUsage(_ dialect: ReplyDialect) -> UnaryReply? {
        var told: UnaryReply?
        var tries = 0
        self.eachMember("\"usage\"", of: self.start[...]) { members in
            tries += 1
            guard Self.depth(self.start[..<members.startIndex]) == 1,
                let brace = members.firstIndex(of: UInt8(ascii: "{")),
                let value = Self.object(members[members.index(after: brace)...])
            else { return tries >= Self.maximumTries }
            // The name up to the brace, then the object behind it.
            told = dialect.outcome(of: [UInt8(ascii: "{")] + members[..<brace] + value + [UInt8(ascii: "}")])
            if told?.usage == nil { told = nil }
            return told != nil || tries >= Self.maximumTries
        }
        return told
    }

    /// Calls `body` with what begins at each member of that name, from the last one on, until it returns true.
    ///
    /// A quote behind a comma or a brace opens a member's name, as those inside strings are escaped.
    private func eachMember(
        _ name: StaticString, of bytes: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>) -> Bool
    ) {
        let name = unsafe Array(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        var start = bytes.endIndex - name.count
        while start > bytes.startIndex {
            if bytes[start] == name[0], bytes[start...].starts(with: name), Self.opensMember(bytes[..<start]),
                body(bytes[start...])
            {
                return
            }
            start -= 1
        }
    }

    private static func opensMember(_ before: ArraySlice<UInt8>) -> Bool {
        let last = before.last { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
        return last == UInt8(ascii: ",") || last == UInt8(ascii: "{")
    }

    /// The members up to the brace that closes their object, with both braces; nil where it is not closed.
    private static func object(_ members: ArraySlice<UInt8>) -> [UInt8]? {
        var scan = PassedReply(watchesBrackets: true)
        scan.nesting = JSONNesting(depth: 1)
        for (index, byte) in zip(members.indices, members) {
            scan.read(byte)
            if scan.isClosed { return [UInt8(ascii: "{")] + members[...index] }
        }
        return nil
    }

    /// How many brackets of a text are open at its end, whose start is the reply's.
    private static func depth(_ bytes: ArraySlice<UInt8>) -> Int {
        var nesting = JSONNesting()
        for byte in bytes { _ = nesting.read(byte) }
        return nesting.depth
    }
}
