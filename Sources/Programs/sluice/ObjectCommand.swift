import JSON

/// What `sluice providers`, `models` and `prices` have in common: control has them, so a gateway has to run.
enum ObjectCommand {
    /// A path behind `/api/v1/`. Where no gateway runs it says so and ends the program.
    static func path(_ option: ConfigurationOption, _ segments: String...) throws -> [String] {
        do throws(AdministrationClient.Failure) {
            try AdministrationClient(configurationFile: option.chosenFile).requireRunning()
        } catch {
            throw AdministrationOutput.exit(error)
        }
        return segments
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
}
