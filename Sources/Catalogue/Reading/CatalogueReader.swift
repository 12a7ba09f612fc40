internal import Domain
internal import JSON

/// Reads a catalogue in the format of LiteLLM's `model_prices_and_context_window.json`: an object with a member for each model.
///
/// The bytes come from outside. A text that is no such object as a whole is refused; a model or a field that cannot be used is left out,
/// counted and named, and so is what this version does not know.
public enum CatalogueReader {
    /// Bytes of a file.
    public static let maximumBytes = 32 << 20
    /// Models of a file.
    public static let maximumModels = 100_000
    /// Bytes of a model's name.
    static let maximumName = 512

    public static func read(_ bytes: [UInt8]) throws(CatalogueFault) -> CatalogueReading {
        guard bytes.count <= Self.maximumBytes else {
            throw CatalogueFault("it is larger than \(Self.maximumBytes >> 20) MiB")
        }
        let outcome: Result<Result<CatalogueReading, CatalogueFault>, JSONFault> = unsafe bytes.withUnsafeBytes {
            buffer in
            Result { () throws(JSONFault) in
                unsafe try JSONIndexer().read(buffer, capacity: buffer.count) { cursor in
                    var walk = CatalogueWalk()
                    return walk.document(&cursor)
                }
            }
        }
        switch outcome {
        case .success(let reading): return try reading.get()
        case .failure(let fault): throw Self.fault(fault)
        }
    }

    static func fault(_ fault: JSONFault) -> CatalogueFault {
        let place = fault.offset.map { " at byte \($0)" } ?? ""
        return CatalogueFault(fault.kind == .invalidUTF8 ? "it is not UTF-8" : "it is not JSON\(place)")
    }
}
