import Administration
import ArgumentParser
import Configuration
import Foundation

/// Which gateway on this machine is meant, for commands to one that runs: by its configuration file, or by its state folder.
struct GatewayOption: ParsableArguments {
    @OptionGroup var option: ConfigurationOption
    @Option(
        help: ArgumentHelp(
            "The gateway's state folder, where its file does not stand here or does not say.", valueName: "folder"))
    var stateDirectory: String?

    /// Absolute. Only what the file says of the folder has to be right: a gateway runs on whatever its file looks like now.
    func folder() throws -> String {
        let current = FileManager.default.currentDirectoryPath
        if let stateDirectory { return AbsolutePath.resolve(stateDirectory, in: current) }
        guard let file = self.option.chosenFile else {
            return AbsolutePath.resolve(GatewayConfiguration().stateDirectory, in: current)
        }
        let bytes: [UInt8]
        do throws(BoundedFile.Failure) {
            bytes = try BoundedFile.read(path: file, limit: ConfigurationLoader.fileLimit)
        } catch {
            StandardStream.error.write(
                "sluice: \(file): the file cannot be read: \(error.reason); --state-directory names the gateway, too\n")
            throw ExitCode.badConfiguration
        }
        let folder = ConfigurationLoader.stateDirectory(
            bytes: bytes, environment: ProcessInfo.processInfo.environment, readFile: BoundedFile.read)
        guard let folder else {
            let problems = ConfigurationLoader.load(
                bytes: bytes, file: file, environment: ProcessInfo.processInfo.environment, readFile: BoundedFile.read
            ).problems
            for problem in problems { StandardStream.error.write("\(problem)\n") }
            StandardStream.error.write(
                "sluice: \(file): the state folder cannot be told from it; --state-directory names the gateway, too\n")
            throw ExitCode.badConfiguration
        }
        return AbsolutePath.resolve(folder, in: current)
    }
}
