public import Domain

/// The changes that a pass-through request needs before it goes to a provider of the same dialect.
///
/// Pure. At most two members are touched, `model` and `stream_options`; every other byte stays as the client sent it.
public enum RequestEdit {
    /// The splices, ascending, for the body that `request` was scanned from.
    ///
    /// `model` (UTF-8) replaces the model's name; nil leaves it. `injectUsage` makes `stream_options.include_usage`
    /// true and keeps the other stream options. An edit that is not needed, or a `model` for a body that has none, is
    /// left out.
    public static func splices(
        for request: ScannedRequest, model: [UInt8]? = nil, injectUsage: Bool
    ) -> [BodySplice] {
        var splices: [BodySplice] = []
        if let model, let range = request.modelRange {
            var writer = JSONWriter()
            writer.string(model)
            splices.append(BodySplice(offset: range.lowerBound, removed: range.count, replacement: writer.bytes))
        }
        if injectUsage, let splice = self.usageSplice(request) {
            splices.append(splice)
        }
        if splices.count == 2, splices[1].offset < splices[0].offset { splices.swapAt(0, 1) }
        return splices
    }

    private static func usageSplice(_ request: ScannedRequest) -> BodySplice? {
        switch request.streamOptions {
        case .absent:
            BodySplice(
                offset: request.objectStart, removed: 0,
                replacement: self.bytes(#""stream_options":{"include_usage":true}"#, comma: !request.isEmpty))
        case .null(let range):
            BodySplice(
                offset: range.lowerBound, removed: range.count,
                replacement: self.bytes(#"{"include_usage":true}"#, comma: false))
        case .object(_, _, let value?):
            request.includeUsage == true
                ? nil
                : BodySplice(
                    offset: value.lowerBound, removed: value.count, replacement: self.bytes("true", comma: false))
        case .object(let range, let isEmpty, nil):
            BodySplice(
                offset: range.lowerBound &+ 1, removed: 0,
                replacement: self.bytes(#""include_usage":true"#, comma: !isEmpty))
        }
    }

    private static func bytes(_ text: String, comma: Bool) -> [UInt8] {
        Array(text.utf8) + (comma ? [UInt8(ascii: ",")] : [])
    }
}
