import Administration
import JSON

/// What is going on, for people: the answer to `GET activity`, and to `GET status` where that was asked. Pure.
struct TopView {
    let activity: JSONValue
    let status: JSONValue?
    let paint: Paint
    /// Milliseconds since the activity was looked at.
    var age: Int64 = 0
    /// Why it is not newer; nil where it is new.
    var problem: String?

    /// Lines of at most `columns` characters, where they are bounded; those of tables as there is room in `rows`.
    func lines(columns: Int? = nil, rows: Int? = nil) -> [String] {
        var lines = self.head + [""] + self.figures
        let tables = [self.models, self.keys, self.slowest, self.running].filter { !$0.rows.isEmpty }
        // What the heads need, divided.
        let room = rows.map { max(1, ($0 - lines.count - 2 * tables.count) / max(1, tables.count)) }
        for table in tables {
            lines.append("")
            lines += Self.lines(of: table, limit: room ?? table.rows.count)
        }
        return lines.enumerated().map { index, line in
            let text = columns.map { String(line.prefix($0)) } ?? line
            return self.painted(text, isFirst: index == 0)
        }
    }

    // MARK: Head

    private var head: [String] {
        let cell = AdministrationOutput.cell
        var first = "sluice"
        if let status {
            let processes = status["processes"]?.array ?? []
            func count(_ role: String) -> Int { processes.count { cell($0["role"]) == role } }
            first =
                "sluice \(cell(status["build"])) is \(cell(status["state"])), up "
                + "\(StatusView.time(status["uptime_seconds"])); edges \(count("edge")), upstreams \(count("upstream"))"
        }
        var lines = [first, self.ageLine]
        if let problem { lines.append("!  \(problem)") }
        return lines
    }

    private var ageLine: String {
        let cell = AdministrationOutput.cell
        let time = TimeText.milliseconds(cell(self.activity["time"]))
        let newest = TimeText.milliseconds(cell(self.activity["newest_request"]))
        var line = "last \(Self.number(self.activity["seconds"])) s until \(cell(self.activity["time"]))"
        line += ", \(Self.seconds(self.age)) ago"
        if let time, let newest {
            line += "; newest request \(Self.seconds(time > newest ? Int64(time - newest) : 0)) before that"
        } else {
            line += "; there is no request"
        }
        return line
    }

    // MARK: Figures

    private var figures: [String] {
        let value = self.activity
        let cell = AdministrationOutput.cell
        func duration(_ name: StaticString, _ member: StaticString) -> String {
            DurationText.text(microseconds: value[name]?[member]?.integer)
        }
        let refusals = (value["refusals"]?.array ?? []).map { "\(cell($0["error"])) \(cell($0["requests"]))" }
        return [
            "requests  \(Self.number(value["requests_per_second"]))/s, \(cell(value["running"])) running, "
                + "\(cell(value["ended"])) over: \(cell(value["streams"])) streams, \(cell(value["errors"])) errors, "
                + "\(cell(value["disconnected"])) gone",
            "tokens    \(Self.number(value["tokens_in_per_second"]))/s in, "
                + "\(Self.number(value["tokens_out_per_second"]))/s out",
            "cost      \(cell(value["cost_usd_per_hour"])) USD/h (\(cell(value["cost_usd"])) USD"
                + (value["unknown_price"]?.integer ?? 0 > 0
                    ? ", and \(cell(value["unknown_price"])) of unknown price" : "")
                + ")",
            "time      median \(duration("duration_us", "median")), 95 % \(duration("duration_us", "p95")); first byte "
                + "median \(duration("first_byte_us", "median")), 95 % \(duration("first_byte_us", "p95"))",
            "refused   \(cell(value["refused"]))" + (refusals.isEmpty ? "" : ": \(refusals.joined(separator: ", "))"),
        ]
    }

    // MARK: Tables

    private struct Table {
        var head: [String]
        var rows: [[String]]
    }

    private func groups(_ member: StaticString, _ name: String, _ title: (JSONValue) -> String) -> Table {
        let cell = AdministrationOutput.cell
        return Table(
            head: [name, "REQUESTS", "ERRORS", "TOKENS", "USD"],
            rows: (self.activity[member]?.array ?? []).map {
                [title($0), cell($0["requests"]), cell($0["errors"]), cell($0["tokens"]), cell($0["cost_usd"])]
            })
    }

    private var models: Table { self.groups("models", "MODEL") { AdministrationOutput.cell($0["name"]) } }

    private var keys: Table { self.groups("keys", "KEY") { Self.key($0, "name") } }

    private var slowest: Table {
        let cell = AdministrationOutput.cell
        return Table(
            head: ["SLOWEST", "MODEL", "PROVIDER", "KEY", "STATUS", "RECORD"],
            rows: (self.activity["slowest"]?.array ?? []).map {
                [
                    DurationText.text(microseconds: $0["total_us"]?.integer), cell($0["model"]), cell($0["provider"]),
                    Self.key($0, "key_name"), cell($0["status"]), cell($0["record"]),
                ]
            })
    }

    private var running: Table {
        let cell = AdministrationOutput.cell
        let now = TimeText.milliseconds(cell(self.activity["time"])) ?? 0
        return Table(
            head: ["RUNNING", "ENDPOINT", "KEY", "RECORD"],
            rows: (self.activity["longest_running"]?.array ?? []).map {
                let began = TimeText.milliseconds(cell($0["time"])) ?? now
                return [
                    Self.seconds(now > began ? Int64(now - began) : 0), cell($0["endpoint"]), Self.key($0, "key_name"),
                    cell($0["record"]),
                ]
            })
    }

    private static func lines(of table: Table, limit: Int) -> [String] {
        let all = [table.head] + table.rows.prefix(limit)
        let widths = table.head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
        }
    }

    // MARK: Words

    /// Heads of tables are bold, what is wrong is red.
    private func painted(_ line: String, isFirst: Bool) -> String {
        if isFirst || ["MODEL ", "KEY ", "SLOWEST ", "RUNNING "].contains(where: { line.hasPrefix($0) }) {
            return self.paint(line, .bold)
        }
        if line.hasPrefix("!") { return self.paint(line, .red) }
        if line.hasPrefix("refused"), self.activity["refused"]?.integer ?? 0 > 0 { return self.paint(line, .yellow) }
        return line
    }

    private static func key(_ value: JSONValue, _ name: StaticString) -> String {
        AdministrationOutput.cell(value[name]?.string == nil ? value["key"] : value[name])
    }

    /// `0.4 s`, `12 s`.
    private static func seconds(_ milliseconds: Int64) -> String {
        milliseconds < 10_000
            ? "\(milliseconds / 1000).\(milliseconds / 100 % 10) s" : DurationText.text(seconds: milliseconds / 1000)
    }

    private static func number(_ value: JSONValue?) -> String {
        switch value {
        case .integer(let whole): "\(whole)"
        case .number(let number): number == number.rounded() ? "\(Int64(clamping: Int128(number)))" : "\(number)"
        default: "-"
        }
    }
}
