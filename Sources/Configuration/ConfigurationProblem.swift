/// One thing that is wrong with a configuration: where it stands and what was expected.
///
/// The message never holds a secret, the value of an environment variable or the contents of a file.
public struct ConfigurationProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file's name as it was given, or `environment`.
    public var file: String
    /// Counted from 1; 0 where there is no line, as in the environment.
    public var line: Int
    /// Counted from 1 in Unicode scalars; 0 where there is none.
    public var column: Int
    /// The key, such as `http.max_body` or `listen[0].address`; empty for the file as a whole.
    public var path: String
    public var message: String

    public init(file: String, line: Int, column: Int, path: String, message: String) {
        self.file = file
        self.line = line
        self.column = column
        self.path = path
        self.message = message
    }

    /// `FILE:LINE:COLUMN: PATH: message`, without the parts that are missing.
    public var description: String {
        let place = self.line > 0 ? "\(self.file):\(self.line):\(self.column)" : self.file
        return self.path.isEmpty ? "\(place): \(self.message)" : "\(place): \(self.path): \(self.message)"
    }
}
