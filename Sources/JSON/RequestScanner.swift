/// Reads a request body once and finds the members by which Sluice routes, limits and meters.
///
/// Owns its parser (see `JSONIndexer` for its memory) and is used on one loop. What a pass proves: the body is one JSON
/// object in UTF-8 with nothing but blanks around it; its members are separated as JSON wants; no routing member occurs
/// twice or is spelled in another way; the kept scalars are strictly JSON. Values that are stepped over (`messages`,
/// unknown members) are only bracket-balanced: a wrong scalar inside them is the provider's to refuse.
public final class RequestScanner {
    let indexer = JSONIndexer()

    public init() {}

    /// Bytes of text that can be scanned without allocating.
    public var capacity: Int { self.indexer.capacity }

    /// Scans `bytes`, of which `capacity` bytes can be read from the start; with `capacity ≥ count + 64` it is not
    /// copied. Nothing is allocated but the model's name, unless the body is the longest so far.
    public func scan(_ bytes: UnsafeRawBufferPointer, capacity: Int) throws(ScanFailure) -> ScannedRequest {
        var request = ScannedRequest()
        var failure: ScanFailure?
        do throws(JSONFault) {
            try unsafe self.indexer.read(bytes, capacity: capacity) { cursor in
                do throws(ScanFailure) { try Self.object(&cursor, &request) } catch { failure = error }
            }
        } catch {
            failure = ScanFailure(error)
        }
        if let failure { throw failure }
        return request
    }

    /// As `scan(_:capacity:)` over an array, which is copied.
    public func scan(_ bytes: [UInt8]) throws(ScanFailure) -> ScannedRequest {
        let result = unsafe bytes.withUnsafeBytes { buffer in
            Result { () throws(ScanFailure) in unsafe try self.scan(buffer, capacity: buffer.count) }
        }
        return try result.get()
    }

    private static func object(
        _ cursor: inout JSONCursor, _ request: inout ScannedRequest
    ) throws(ScanFailure) {
        request.objectStart = cursor.offset &+ 1
        guard cursor.enterObject() else { throw self.rootFailure(&cursor) }
        var seen: UInt16 = 0
        while let key = cursor.nextKey() {
            request.memberCount &+= 1
            guard let member = try self.topLevelMember(key, cursor) else {
                _ = cursor.skip()
                continue
            }
            let bit: UInt16 = 1 << UInt16(member.rawValue)
            guard seen & bit == 0 else { throw ScanFailure(.duplicateMember(member), offset: key.lowerBound) }
            seen |= bit
            try self.take(member, &cursor, &request)
        }
        if let fault = cursor.fault { throw ScanFailure(fault) }
        guard cursor.isAtEnd else { throw ScanFailure(.trailingContent, offset: cursor.offset) }
    }

    /// Another JSON value than an object, or nothing that JSON knows.
    private static func rootFailure(_ cursor: inout JSONCursor) -> ScanFailure {
        let kind = cursor.kind
        guard let range = cursor.skip() else { return ScanFailure(.notJSON, offset: cursor.offset) }
        let bytes = unsafe cursor.bytes(range)
        let isValue =
            unsafe kind != .scalar || JSONScalar.isNull(bytes) || JSONScalar.boolean(bytes) != nil
            || JSONScalar.number(bytes) != nil
        return ScanFailure(isValue ? .notAnObject : .notJSON, offset: range.lowerBound)
    }

    // MARK: Keys

    private static func topLevelMember(
        _ key: Range<Int>, _ cursor: borrowing JSONCursor
    ) throws(ScanFailure) -> RoutingMember? {
        let bytes = unsafe cursor.bytes(key)
        if let member = unsafe RoutingMember(topLevel: bytes) { return member }
        let unescaped = try unsafe self.unescaped(bytes, at: key.lowerBound)
        let meant =
            if let unescaped {
                unsafe unescaped.withUnsafeBytes {
                    unsafe RoutingMember(topLevel: $0) ?? RoutingMember(foldingTopLevel: $0)
                }
            } else {
                unsafe RoutingMember(foldingTopLevel: bytes)
            }
        if let meant { throw ScanFailure(.escapedMember(meant), offset: key.lowerBound) }
        return nil
    }

    private static func isIncludeUsage(
        _ key: Range<Int>, _ cursor: borrowing JSONCursor
    ) throws(ScanFailure) -> Bool {
        let bytes = unsafe cursor.bytes(key)
        if unsafe RoutingMember(streamOption: bytes) != nil { return true }
        if let unescaped = try unsafe self.unescaped(bytes, at: key.lowerBound),
            let member = unsafe unescaped.withUnsafeBytes({ unsafe RoutingMember(streamOption: $0) })
        {
            throw ScanFailure(.escapedMember(member), offset: key.lowerBound)
        }
        return false
    }

    /// What a key with escapes stands for; nil for a key without. Every character may take six bytes, so a key that is
    /// longer than that stands for no routing member and is not resolved.
    private static func unescaped(
        _ key: UnsafeRawBufferPointer, at offset: Int
    ) throws(ScanFailure) -> [UInt8]? {
        guard key.count <= 6 * 25, unsafe JSONText.hasEscapes(key) else { return nil }
        var unescaped: [UInt8] = []
        guard unsafe JSONText.unescape(key, into: &unescaped) else { throw ScanFailure(.notJSON, offset: offset) }
        return unescaped
    }

    // MARK: Values

    private static func take(
        _ member: RoutingMember, _ cursor: inout JSONCursor, _ request: inout ScannedRequest
    ) throws(ScanFailure) {
        if member == .streamOptions, cursor.kind == .object {
            return try self.takeStreamOptions(&cursor, &request)
        }
        if member == .prompt, cursor.kind == .array { return self.takePrompts(&cursor, &request) }
        // A fault is reported by the loop over the members, whose next step fails too.
        guard let range = cursor.skip() else { return }
        let bytes = unsafe cursor.bytes(range)
        if member == .maxTokens { request.maxTokensRange = range }
        if member == .maxCompletionTokens { request.maxCompletionTokensRange = range }
        guard unsafe !JSONScalar.isNull(bytes) else {
            if member == .streamOptions { request.streamOptions = .null(range) }
            if member == .model { request.nullModelRange = range }
            return
        }
        func expect<Value>(_ value: Value?, _ expected: ScanFailure.Expected) throws(ScanFailure) -> Value {
            guard let value else {
                throw ScanFailure(.invalidType(member, expected: expected), offset: range.lowerBound)
            }
            return value
        }
        switch member {
        case .model:
            let isString = unsafe bytes.first == UInt8(ascii: "\"")
            request.model = try expect(unsafe self.modelName(bytes), isString ? .name : .string)
            request.modelRange = range
        case .stream: request.stream = try expect(unsafe JSONScalar.boolean(bytes), .boolean)
        case .temperature: request.temperature = try expect(unsafe JSONScalar.number(bytes), .number)
        case .n: request.n = try expect(unsafe JSONScalar.integer(bytes), .integer)
        case .maxTokens: request.maxTokens = try expect(unsafe JSONScalar.integer(bytes), .integer)
        case .maxCompletionTokens: request.maxCompletionTokens = try expect(unsafe JSONScalar.integer(bytes), .integer)
        case .user: request.userRange = range
        case .input: request.inputRange = range
        case .messages: request.messagesRange = range
        case .tools: request.toolsRange = range
        case .system: request.systemRange = range
        case .prompt: request.promptRange = range
        case .streamOptions, .includeUsage:
            throw ScanFailure(
                .invalidType(member, expected: .object), offset: range.lowerBound)
        }
    }

    private static func takeStreamOptions(
        _ cursor: inout JSONCursor, _ request: inout ScannedRequest
    ) throws(ScanFailure) {
        let start = cursor.offset
        var isEmpty = true
        var valueRange: Range<Int>?
        guard cursor.enterObject() else { return }
        while let key = cursor.nextKey() {
            isEmpty = false
            let isIncludeUsage = try self.isIncludeUsage(key, cursor)
            guard let range = cursor.skip() else { return }
            guard isIncludeUsage else { continue }
            guard valueRange == nil else {
                throw ScanFailure(.duplicateMember(.includeUsage), offset: key.lowerBound)
            }
            valueRange = range
            let bytes = unsafe cursor.bytes(range)
            guard unsafe !JSONScalar.isNull(bytes) else { continue }
            guard let flag = unsafe JSONScalar.boolean(bytes) else {
                throw ScanFailure(.invalidType(.includeUsage, expected: .boolean), offset: range.lowerBound)
            }
            request.includeUsage = flag
        }
        guard cursor.fault == nil else { return }
        request.streamOptions = .object(start..<cursor.lastOffset &+ 1, isEmpty: isEmpty, includeUsage: valueRange)
    }

    /// A list of numbers is one prompt, of tokens; every other element is a prompt of its own.
    private static func takePrompts(_ cursor: inout JSONCursor, _ request: inout ScannedRequest) {
        let start = cursor.offset
        guard cursor.enterArray() else { return }
        var count = 0
        while cursor.nextElement() {
            if cursor.kind != .scalar { count &+= 1 }
            guard cursor.skip() != nil else { return }
        }
        guard cursor.fault == nil else { return }
        request.promptCount = max(1, count)
        request.promptRange = start..<cursor.lastOffset &+ 1
    }

    /// The unescaped name; nil unless the value is a string of valid Unicode without control characters.
    private static func modelName(_ value: UnsafeRawBufferPointer) -> [UInt8]? {
        guard value.count >= 2, unsafe value.first == UInt8(ascii: "\"") else { return nil }
        var name: [UInt8] = []
        name.reserveCapacity(value.count &- 2)
        let content = unsafe UnsafeRawBufferPointer(rebasing: value[1..<value.count &- 1])
        guard unsafe JSONText.unescape(content, into: &name) else { return nil }
        var previous: UInt8 = 0
        for byte in name {
            // C0, DEL, and C1, which UTF-8 writes as C2 80 … C2 9F.
            guard byte >= 0x20, byte != 0x7F, !(previous == 0xC2 && byte < 0xA0) else { return nil }
            previous = byte
        }
        return name
    }
}
