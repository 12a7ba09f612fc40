import Administration
import ArgumentParser
import Configuration
import Foundation
import JSON

/// Gives what was imported to a gateway that runs: providers first, as targets and prices name them.
struct ImportApplication {
    let option: ConfigurationOption

    /// What was made, such as `providers/openai`. What is there already under its name is left as it is.
    func apply(_ made: LiteLLMImport) throws -> [String] {
        let objects: [LiteLLMImport.Object]
        do throws(ImportFailure) {
            objects = try made.objects(environment: ProcessInfo.processInfo.environment)
        } catch {
            StandardStream.error.write(ConfigurationReport(error.problems).text)
            throw ExitCode(1)
        }
        var names: [String] = []
        // By path, what there is by its bytes.
        var present: [String: Set<[UInt8]>] = [:]
        for object in objects {
            let path = try ObjectCommand.path(self.option, object.path)
            if present[object.path] == nil { present[object.path] = try self.names(path) }
            guard present[object.path]?.insert(Array(object.name.utf8)).inserted == true else {
                StandardStream.error.write("sluice: \(object.path)/\(object.name) is there already: left as it is\n")
                continue
            }
            guard case .object(let members) = try? JSONReader().read(Array(object.json.utf8), maximumBytes: 1 << 20)
            else {
                continue
            }
            let name = JSONValue.Member(object.path == "prices" ? "target" : "name", object.name)
            _ = try AdministrationOutput.body(of: self.option, .post, path, [name] + members)
            names.append("\(object.path)/\(object.name)")
        }
        return names
    }

    private func names(_ path: [String]) throws -> Set<[UInt8]> {
        Set(
            try AdministrationOutput.all(of: self.option, path).compactMap {
                $0["name"]?.string ?? $0["target"]?.string
            })
    }
}
