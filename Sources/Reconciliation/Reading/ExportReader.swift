internal import JSON

/// Reads what providers say was used.
///
/// The bytes come from outside: a file is used as a whole or not at all, and then everything that is wrong with it is said. Columns and members
/// may stand in any order, and others beside them; numbers are digits only.
public enum ExportReader {
    /// Bytes of a file.
    public static let maximumBytes = 64 << 20

    /// `format` nil: by what the file looks like.
    public static func read(_ bytes: [UInt8], as format: ExportFormat? = nil) throws(ExportFailure) -> ProviderExport {
        guard bytes.count <= Self.maximumBytes else {
            throw Self.failure("it is larger than \(Self.maximumBytes >> 20) MiB")
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        // Blanks in its place, so that lines and columns stay where they are.
        let text = bytes.starts(with: mark) ? [0x20, 0x20, 0x20] + bytes.dropFirst(3) : bytes
        let first = text.first { $0 != 0x20 && $0 != 0x0A && $0 != 0x0D && $0 != 0x09 }
        guard let first else { throw Self.failure("it is empty") }
        let isJSON = first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
        if let format, format.isJSON != isJSON {
            throw Self.failure("it is \(isJSON ? "JSON" : "no JSON"), and \(format.rawValue) was expected")
        }
        return isJSON ? try Self.readJSON(text, format) : try Self.readCSV(text, format)
    }

    private static func readJSON(
        _ text: [UInt8], _ format: ExportFormat?
    ) throws(ExportFailure) -> ProviderExport {
        let outcome: Result<Result<ProviderExport, ExportFailure>, JSONFault> = unsafe text.withUnsafeBytes { buffer in
            Result { () throws(JSONFault) in
                unsafe try JSONIndexer().read(buffer, capacity: buffer.count) { cursor in
                    var walk = JSONExportWalk(text, format)
                    return walk.document(&cursor)
                }
            }
        }
        switch outcome {
        case .success(let export): return try export.get()
        case .failure(let fault):
            var problems = ExportProblems()
            problems.add(Self.words(fault), at: fault.offset, of: text)
            throw problems.failure
        }
    }

    static func words(_ fault: JSONFault) -> String {
        switch fault.kind {
        case .invalidUTF8: "this is not UTF-8"
        case .tooDeep: "this is nested too deeply"
        case .tooLarge: "this is too large"
        case .malformed: "this is not JSON, or it is cut off"
        }
    }

    private static func readCSV(_ text: [UInt8], _ format: ExportFormat?) throws(ExportFailure) -> ProviderExport {
        guard String(validating: text, as: UTF8.self) != nil else { throw Self.failure("it is not UTF-8") }
        var walk = CSVExportWalk(text, format)
        return try walk.document()
    }

    private static func failure(_ reason: String) -> ExportFailure {
        var problems = ExportProblems()
        problems.add(reason, at: nil, of: [])
        return problems.failure
    }
}
