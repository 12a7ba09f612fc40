import ArgumentParser
import Glibc

/// `--config FILE`, which `serve` and `check` share so that both mean the same file.
struct ConfigurationOption: ParsableArguments {
    /// Taken when there is no `--config`, if it exists in the working directory.
    static let defaultFile = "sluice.yaml"

    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "The configuration file. Without it ./\(ConfigurationOption.defaultFile) is taken if it exists, else the environment.",
            valueName: "file"))
    var file: String?

    mutating func validate() throws {
        guard self.file?.isEmpty != true else { throw ValidationError("--config needs the name of a file") }
    }

    /// The file to use as it was named, or nil when there is none.
    var chosenFile: String? {
        // A file that exists but cannot be read is the one that is meant: it is an error later, not a reason to go on
        // without it.
        self.file ?? (unsafe access(Self.defaultFile, F_OK) == 0 ? Self.defaultFile : nil)
    }
}
