/// One change of a request body: at `offset`, `removed` bytes give way to `replacement`.
///
/// A list of splices is how an edited body travels without being copied or written anew: the edge computes it, the
/// upstream applies it, and every byte outside the list stays as the client sent it. Offsets count in the original
/// body, and a list is ascending and free of overlaps.
public struct BodySplice: Hashable, Sendable {
    /// Bytes of the original body in front of the change.
    public var offset: Int
    /// Bytes of the original body that fall away; 0 inserts.
    public var removed: Int
    /// What takes their place.
    public var replacement: [UInt8]

    public init(offset: Int, removed: Int, replacement: [UInt8]) {
        self.offset = offset
        self.removed = removed
        self.replacement = replacement
    }

    /// The body with all splices applied, made with one allocation.
    ///
    /// The list may come from another process and is not trusted: nil where a splice reaches out of the body, splices
    /// overlap or are out of order, or the result would be longer than an `Int` counts. Two splices may share an
    /// offset when the first removes nothing.
    public static func apply(_ splices: [BodySplice], to body: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let length = self.resultLength(splices, bodyLength: body.count) else { return nil }
        return unsafe [UInt8](unsafeUninitializedCapacity: length) { output, written in
            var from = 0
            for splice in splices {
                unsafe self.append(UnsafeRawBufferPointer(rebasing: body[from..<splice.offset]), output, &written)
                unsafe splice.replacement.withUnsafeBytes { unsafe self.append($0, output, &written) }
                from = splice.offset &+ splice.removed
            }
            unsafe self.append(UnsafeRawBufferPointer(rebasing: body[from...]), output, &written)
        }
    }

    /// As `apply(_:to:)` over an array.
    public static func apply(_ splices: [BodySplice], to body: [UInt8]) -> [UInt8]? {
        unsafe body.withUnsafeBytes { unsafe self.apply(splices, to: $0) }
    }

    /// How long the body is after all splices, in bytes; nil where `apply(_:to:)` would refuse them.
    public static func resultLength(_ splices: [BodySplice], bodyLength: Int) -> Int? {
        var from = 0
        var length = bodyLength
        for splice in splices {
            guard
                splice.offset >= from, splice.offset <= bodyLength,
                splice.removed >= 0, splice.removed <= bodyLength &- splice.offset
            else { return nil }
            from = splice.offset &+ splice.removed
            let (sum, overflow) = (length &- splice.removed).addingReportingOverflow(splice.replacement.count)
            guard !overflow else { return nil }
            length = sum
        }
        return length
    }

    // The room was computed by `resultLength` from the same list, so the bytes always fit.
    private static func append(
        _ bytes: UnsafeRawBufferPointer, _ output: UnsafeMutableBufferPointer<UInt8>, _ written: inout Int
    ) {
        guard unsafe !bytes.isEmpty else { return }
        unsafe UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(output)[written...])
            .copyMemory(from: bytes)
        written &+= bytes.count
    }
}
