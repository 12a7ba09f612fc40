import Administration
import ArgumentParser
import JSON

/// What `sluice keys`, `projects` and the like do with an answer: print it, or say why there is none.
enum AdministrationOutput {
    /// The body of a success. A refusal goes to the standard error and ends the program with status 1; no answer with 69.
    static func body(
        of option: ConfigurationOption, _ method: AdministrationRequest.Method, _ path: [String],
        _ body: [JSONValue.Member] = []
    ) throws -> (text: [UInt8], value: JSONValue) {
        let reply: AdministrationReply
        do throws(AdministrationClient.Failure) {
            let client = try AdministrationClient(configurationFile: option.chosenFile)
            reply = try client.send(method: method, path: path, body: body)
        } catch {
            let message = error.message.hasSuffix("\n") ? String(error.message.dropLast()) : error.message
            StandardStream.error.write("sluice: \(message)\n")
            throw ExitCode(error.exitCode)
        }
        guard let value = try? JSONReader().read(reply.body, maximumBytes: reply.body.count) else {
            StandardStream.error.write("sluice: the answer cannot be read\n")
            throw ExitCode(AdministrationClient.unavailable)
        }
        guard reply.isSuccess else {
            let message = value["error"].flatMap { $0["message"]?.string } ?? []
            StandardStream.error.write("sluice: \(Self.printable(message))\n")
            throw reply.status >= 500 ? ExitCode(AdministrationClient.unavailable) : ExitCode(1)
        }
        return (reply.body, value)
    }

    /// Prints JSON as it came, in one line.
    static func write(json text: [UInt8]) {
        StandardStream.output.write(String(decoding: text, as: UTF8.self) + "\n")
    }

    /// Prints rows in columns, a head above them.
    static func write(table rows: [[String]], head: [String]) {
        let all = [head] + rows
        let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        for row in all {
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            StandardStream.output.write(cells.joined(separator: "  ") + "\n")
        }
    }

    /// A member of an answer, for people: numbers and texts as they are, `-` for null.
    static func cell(_ value: JSONValue?) -> String {
        switch value {
        case .string(let bytes): bytes.isEmpty ? "-" : Self.printable(bytes)
        case .integer(let number): String(number)
        default: "-"
        }
    }

    /// Text for a terminal: what could steer it is shown as `?`. Models are named by clients.
    static func printable(_ bytes: [UInt8]) -> String {
        var text = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: text.unicodeScalars.append("?")
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
