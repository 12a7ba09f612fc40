import Administration
import ArgumentParser
import JSON

/// What `sluice keys`, `projects` and the like do with an answer: print it, or say why there is none.
enum AdministrationOutput {
    /// The body of a success. A refusal goes to the standard error and ends the program with status 1; no answer with 69.
    static func body(
        of option: ConfigurationOption, _ method: AdministrationRequest.Method, _ path: [String],
        _ body: [JSONValue.Member] = [], patience: Int = 30
    ) throws -> (text: [UInt8], value: JSONValue) {
        let reply: AdministrationReply
        do throws(AdministrationClient.Failure) {
            let client = try AdministrationClient(configurationFile: option.chosenFile)
            reply = try client.send(method: method, path: path, body: body, patience: patience)
        } catch {
            throw self.exit(error)
        }
        if reply.isSuccess, reply.body.isEmpty { return ([], .null) }
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

    /// Says why there is no answer, and how the program ends.
    static func exit(_ failure: AdministrationClient.Failure) -> ExitCode {
        let message = failure.message.hasSuffix("\n") ? String(failure.message.dropLast()) : failure.message
        StandardStream.error.write("sluice: \(message)\n")
        return ExitCode(failure.exitCode)
    }

    /// Everything that a listing has, page by page; at most `limit`.
    static func all(
        of option: ConfigurationOption, _ path: [String], _ query: [JSONValue.Member] = [], limit: Int = .max
    ) throws -> [JSONValue] {
        var found: [JSONValue] = []
        var after: JSONValue?
        repeat {
            let (_, value) = try self.body(
                of: option, .get, path, query + (after.map { [JSONValue.Member("after", $0)] } ?? []))
            found += value["data"]?.array ?? []
            after = value["next"]?.string.map { .string($0) }
        } while after != nil && found.count < limit
        return Array(found.prefix(limit))
    }

    /// Prints a listing: one JSON object a line for programs, a table for people.
    static func write(
        _ values: [JSONValue], json: Bool, head: [String], row: (JSONValue) -> [String]
    ) {
        guard json else { return self.write(table: values.map(row), head: head) }
        for value in values {
            var writer = JSONWriter()
            writer.value(value)
            self.write(json: writer.bytes)
        }
    }

    /// Prints one thing: the JSON as it came, or its members, one a line. Those that say nothing are left out.
    static func write(_ answer: (text: [UInt8], value: JSONValue), json: Bool) {
        guard !json else { return self.write(json: answer.text) }
        guard case .object(let members) = answer.value else { return }
        let lines = members.compactMap { member -> (name: String, text: String)? in
            let text = self.text(member.value)
            return text == "-" ? nil : (self.printable(member.key).replacing("_", with: " "), text)
        }
        let width = lines.map(\.name.count).max() ?? 0
        for line in lines {
            let padding = String(repeating: " ", count: width - line.name.count)
            StandardStream.output.write("\(line.name)\(padding)  \(line.text)\n")
        }
    }

    /// Any member of an answer in one line.
    static func text(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: return "-"
        case .array(let values) where values.isEmpty: return "-"
        case .object(let members) where members.isEmpty: return "-"
        case .array(let values)? where values.allSatisfy({ $0.string != nil }):
            return values.map { self.cell($0) }.joined(separator: ", ")
        case .array, .object, .number:
            var writer = JSONWriter()
            if let value { writer.value(value) }
            return self.printable(writer.bytes)
        case .bool(let value): return value ? "yes" : "no"
        case .string, .integer: return self.cell(value)
        }
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
