import Administration
import ArgumentParser
import Foundation
import JSON

/// What `sluice providers`, `models` and `prices` have in common: control has them, so a gateway has to run.
enum ObjectCommand {
    static func body(
        _ option: ConfigurationOption, _ method: AdministrationRequest.Method, _ path: [String],
        _ body: [JSONValue.Member] = []
    ) throws -> (text: [UInt8], value: JSONValue) {
        try self.requireGateway(option)
        return try AdministrationOutput.body(of: option, method, path, body)
    }

    static func all(_ option: ConfigurationOption, _ path: [String]) throws -> [JSONValue] {
        try self.requireGateway(option)
        return try AdministrationOutput.all(of: option, path)
    }

    /// Where it stands: the file and its line, `environment`, or `api`.
    static func source(_ value: JSONValue) -> String {
        let cell = AdministrationOutput.cell
        guard value["file"]?.string != nil else { return cell(value["source"]) }
        return "\(cell(value["file"])):\(cell(value["line"]))"
    }

    /// Whether all workers go by it, and if not, why.
    static func state(_ value: JSONValue) -> String {
        guard case .bool(false)? = value["in_force"] else { return "in force" }
        let problem = AdministrationOutput.cell(value["problem"])
        return problem == "-" ? "not in force" : "not in force: \(problem)"
    }

    private static func requireGateway(_ option: ConfigurationOption) throws {
        do throws(AdministrationClient.Failure) {
            try AdministrationClient(configurationFile: option.chosenFile).requireRunning()
        } catch {
            let message = error.message.hasSuffix("\n") ? String(error.message.dropLast()) : error.message
            StandardStream.error.write("sluice: \(message)\n")
            throw ExitCode(error.exitCode)
        }
    }
}
