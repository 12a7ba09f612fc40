internal import Domain
internal import JSON

/// Reads a provider's error, whatever shape and content type it has. Pure.
public enum ProviderErrorReader {
    /// Bytes of a body that are parsed: some providers send the whole request back.
    private static let maximumBodyBytes = 1 << 20
    /// Bytes of further members that are passed on.
    private static let maximumExtraBytes = 16 << 10

    /// The error of a reply with `status` (400…599), or of one inside a success (then `status` is 200 and the body's own number
    /// counts, where it has one).
    ///
    /// `retryAfter` is the header's, in seconds. What cannot be read still makes an error of that status.
    public static func read(
        _ body: UnsafeRawBufferPointer, status: UInt16, retryAfter: UInt32?, _ row: ProviderRow, reader: DialectReader
    ) -> ProviderError {
        if let tree = unsafe self.tree(body, reader) {
            return self.error(ProviderErrorShape(tree), status: status, retryAfter: retryAfter, row)
        }
        var shape = ProviderErrorShape(.null)
        shape.message = unsafe self.text(body)
        return self.error(shape, status: status, retryAfter: retryAfter, row)
    }

    /// The status that an error inside a success amounts to, as the provider has meant it: a key that it does not take is 401, whatever
    /// the client is told.
    public static func statusInside(
        _ body: UnsafeRawBufferPointer, _ row: ProviderRow, reader: DialectReader
    ) -> UInt16 {
        let shape = ProviderErrorShape(unsafe self.tree(body, reader) ?? .null)
        return ProviderErrorRules(shape, message: [], status: 200, row).status
    }

    /// As `read(_:status:retryAfter:_:reader:)` of what was parsed already, inside a success or of a status.
    static func read(
        _ tree: JSONValue, status: UInt16 = 200, retryAfter: UInt32? = nil, _ row: ProviderRow
    ) -> ProviderError {
        self.error(ProviderErrorShape(tree), status: status, retryAfter: retryAfter, row)
    }

    // MARK: Body

    private static func tree(_ body: UnsafeRawBufferPointer, _ reader: DialectReader) -> JSONValue? {
        if let tree = unsafe try? reader.trees.read(
            body, capacity: body.count, maximumBytes: self.maximumBodyBytes)
        {
            return tree
        }
        guard body.count <= self.maximumBodyBytes else { return nil }
        // An error status may still come as an event.
        switch unsafe SSEEvent.payload(of: body) {
        case .none: return nil
        case .line(let range):
            let data = unsafe UnsafeRawBufferPointer(rebasing: body[range])
            return unsafe try? reader.trees.read(
                data, capacity: body.count - range.lowerBound, maximumBytes: self.maximumBodyBytes)
        case .joined(let bytes): return try? reader.trees.read(bytes, maximumBytes: self.maximumBodyBytes)
        }
    }

    /// What a body that is no JSON says to a human being; nil where it says nothing.
    private static func text(_ body: UnsafeRawBufferPointer) -> [UInt8]? {
        let start = unsafe Array(body.prefix(ProviderErrorText.maximumBytes))
        guard !start.contains(0) else { return nil }
        guard let first = start.first(where: { $0 > 0x20 }) else { return nil }
        guard first == UInt8(ascii: "<") else {
            // What was meant to be JSON is nothing to read.
            return first == UInt8(ascii: "{") || first == UInt8(ascii: "[") ? nil : start
        }
        let lowered = start.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
        guard let open = lowered.firstRange(of: Array("<title>".utf8)),
            let close = lowered[open.upperBound...].firstRange(of: Array("</title>".utf8))
        else { return nil }
        return Array(start[open.upperBound..<close.lowerBound])
    }

    // MARK: Error

    private static func error(
        _ shape: ProviderErrorShape, status: UInt16, retryAfter: UInt32?, _ row: ProviderRow
    ) -> ProviderError {
        var shape = shape
        let text = ProviderErrorText.clean(shape.message ?? [])
        let rules = ProviderErrorRules(shape, message: text, status: status, row)
        guard !rules.isCredentialFault else { return ProviderError(rules.credentialFault, meant: rules.status) }
        let retry = rules.retry
        var wait: UInt32?
        if retry == .later { wait = retryAfter ?? shape.retryAfter.flatMap(UInt32.init(exactly:)) }
        let error = GatewayError(
            code: rules.code, type: rules.type, status: rules.status, source: rules.source, retry: retry,
            message: text.isEmpty
                ? "The provider answered with an error (status \(rules.status)) that says nothing more."
                : String(decoding: text, as: UTF8.self),
            param: shape.param.map { String(decoding: ProviderErrorText.clean($0), as: UTF8.self) },
            retryAfter: wait)
        if let original = rules.replacedCode {
            shape.extras.append(JSONValue.Member(key: Array("provider_code".utf8), value: original))
        }
        return ProviderError(error, extras: self.bounded(shape.extras))
    }

    /// The members that fit, without keys in their texts, and without names that the gateway itself writes.
    private static func bounded(_ members: [JSONValue.Member]) -> [JSONValue.Member] {
        let own = ["message", "type", "param", "code"]
        var names: Set<[UInt8]> = Set(own.map { Array($0.utf8) })
        var bytes = 0
        return members.compactMap { member in
            guard names.insert(member.key).inserted else { return nil }
            let cleaned = JSONValue.Member(key: member.key, value: self.cleaned(member.value))
            var writer = JSONWriter()
            writer.member(cleaned)
            guard bytes + writer.bytes.count <= self.maximumExtraBytes else { return nil }
            bytes += writer.bytes.count
            return cleaned
        }
    }

    private static func cleaned(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(ProviderErrorText.withoutKeys(text))
        case .array(let elements): .array(elements.map(self.cleaned))
        case .object(let members):
            .object(members.map { JSONValue.Member(key: $0.key, value: self.cleaned($0.value)) })
        default: value
        }
    }
}
