import Configuration

/// A configuration text with the outside world it is read in.
struct Document {
    var text: String
    var environment: [String: String] = [:]
    var files: [String: [UInt8]] = [:]

    /// What the loader makes of it under the name `f`.
    var result: ConfigurationResult {
        ConfigurationLoader.load(text: self.text, file: "f", environment: self.environment) {
            (path, _) throws(BoundedFile.Failure) in
            guard let bytes = self.files[path] else { throw BoundedFile.Failure(reason: "No such file or directory") }
            return bytes
        }
    }

    /// The problems without the file's name: `LINE:COLUMN: PATH: MESSAGE`.
    var problems: [String] {
        self.result.problems.map { String("\($0)".dropFirst(2)) }
    }
}
