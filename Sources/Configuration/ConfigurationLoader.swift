/// Makes a ``GatewayConfiguration`` of a file or of the environment. Pure: what it needs from outside is passed in.
public enum ConfigurationLoader {
    /// The largest configuration file that is read, in bytes.
    public static let fileLimit = 4 << 20

    /// Reads `text`, the contents of the file that messages call `file`.
    ///
    /// All problems are found at once, except that a file which is no valid YAML has only that one. `environment` serves
    /// `${NAME}` and a file without providers, `readFile` serves `${file:…}` and `ca_file`.
    public static func load(
        text: String, file: String, environment: [String: String], readFile: BoundedFile.Reader
    ) -> ConfigurationResult {
        // The readers below live within this call only.
        withoutActuallyEscaping(readFile) { readFile in
            let problems = ProblemSink(file: file)
            guard text.utf8.count <= self.fileLimit else {
                problems.problem(
                    at: .start, path: "", "the file is larger than \(ByteSizeText.text(of: self.fileLimit))")
                return ConfigurationResult(configuration: nil, problems: problems.problems)
            }
            let substitution = Substitution(environment: environment, readFile: readFile)
            var parser = DocumentParser(substitution: substitution, problems: problems)
            guard let root = parser.parse(text) else {
                return ConfigurationResult(configuration: nil, problems: problems.problems)
            }
            let schema = GatewaySchema(
                problems: problems, environment: environment, readFile: readFile)
            let configuration = schema.read(root)
            var result = ConfigurationResult(
                configuration: configuration, problems: problems.problems, notices: problems.notices)
            result.file = file
            result.positions = problems.positions
            result.definitions = problems.definitions
            return result
        }
    }

    /// The same for the bytes of a file, which have to be UTF-8.
    public static func load(
        bytes: [UInt8], file: String, environment: [String: String], readFile: BoundedFile.Reader
    ) -> ConfigurationResult {
        if let text = String(validating: bytes, as: UTF8.self) {
            return self.load(text: text, file: file, environment: environment, readFile: readFile)
        }
        // Repairing replaces the first bad byte by U+FFFD; the file before it is unchanged.
        let repaired = String(decoding: bytes, as: UTF8.self).utf8
        let valid = zip(bytes, repaired).prefix { $0 == $1 }.count
        let line = bytes[..<valid].reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        let start = bytes[..<valid].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let column = String(decoding: bytes[start..<valid], as: UTF8.self).unicodeScalars.count + 1
        let problem = ConfigurationProblem(
            file: file, line: line, column: column, path: "", message: "the file is not UTF-8 text")
        return ConfigurationResult(configuration: nil, problems: [problem])
    }

    /// The state folder that the bytes of a file name, as written, whatever else is wrong with them; nil where that cannot be told.
    ///
    /// For those who look for a gateway that runs: its file may have been broken since, and their environment may not be its own.
    public static func stateDirectory(
        bytes: [UInt8], environment: [String: String], readFile: BoundedFile.Reader
    ) -> String? {
        withoutActuallyEscaping(readFile) { readFile in
            let problems = ProblemSink(file: "")
            let text = String(decoding: bytes, as: UTF8.self)
            let substitution = Substitution(environment: environment, readFile: readFile)
            var parser = DocumentParser(substitution: substitution, problems: problems)
            guard bytes.count <= self.fileLimit else { return nil }
            guard let root = parser.parse(text) else {
                // No YAML: a line of its own is still to be understood.
                let lines = text.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("state_directory:") }
                guard lines.count == 1, let line = lines.first else { return nil }
                return self.stateDirectory(bytes: Array(line.utf8), environment: environment, readFile: readFile)
            }
            var reader = MappingReader(root, problems: ProblemSink(file: ""))
            let directory = reader.value("state_directory", ScalarParser.text("the path of a folder"))
            return directory ?? (reader.lacks("state_directory") ? GatewayConfiguration().stateDirectory : nil)
        }
    }

    /// The configuration when there is no file: providers whose keys are in `environment`, else the simulated one.
    public static func fromEnvironment(environment: [String: String]) -> ConfigurationResult {
        EnvironmentProviders.configuration(from: environment)
    }
}
