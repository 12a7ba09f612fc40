import JSON

/// The answer to `GET status`, for people. Pure.
struct StatusView {
    let value: JSONValue
    /// The answer to `GET jobs`; nil where there was none in time.
    let jobs: JSONValue?
    let paint: Paint

    init(_ value: JSONValue, jobs: JSONValue?, paint: Paint) {
        self.value = value
        self.jobs = jobs
        self.paint = paint
    }

    /// Ends with a newline.
    var text: String {
        (self.head + [""] + self.processTable + self.providers + self.jobTable + self.hardening + self.operations
            + self.notices)
            .joined(separator: "\n") + "\n"
    }

    private var head: [String] {
        let cell = AdministrationOutput.cell
        var lines = [
            "sluice \(cell(self.value["build"])) is \(self.paint.state(cell(self.value["state"]))), "
                + "up \(Self.time(self.value["uptime_seconds"])), process \(cell(self.value["pid"])), "
                + "configuration \(cell(self.value["configuration_version"]))"
        ]
        let listeners = (self.value["listeners"]?.array ?? []).map { cell($0) }
        lines.append("listening on \(listeners.isEmpty ? "nothing" : listeners.joined(separator: ", "))")
        if let count = self.value["quarantined"]?.integer, count > 0 {
            lines.append(
                self.paint("requests in quarantine: \(count)", .red) + " (`sluice quarantine list` shows them)")
        }
        return lines
    }

    // MARK: Processes

    private static let columns = [
        "ROLE", "PID", "STATE", "UP", "RESTARTS", "REQUESTS", "CONFIGURATION", "INSTANCE", "GENERATION",
    ]

    private var processes: [JSONValue] { self.value["processes"]?.array ?? [] }

    private var processTable: [String] {
        let rows = self.processes.map { process in
            let cell = AdministrationOutput.cell
            return [
                "\(cell(process["role"])) \(cell(process["index"]))", cell(process["pid"]), cell(process["state"]),
                Self.time(process["uptime_seconds"]), cell(process["restarts"]), cell(process["active_requests"]),
                cell(process["configuration_version"]), cell(process["instance"]), cell(process["generation"]),
            ]
        }
        return self.table(Self.columns, rows) { row, column in
            column == 2 ? self.paint.state(rows[row][column]) : rows[row][column]
        }
    }

    /// Rows in columns, a head above them; `painted` is a cell with its colour.
    func table(_ head: [String], _ rows: [[String]], painted: (_ row: Int, _ column: Int) -> String) -> [String] {
        let all = [head] + rows
        let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.enumerated().map { index, row in
            row.enumerated().map { column, cell in
                let room = String(repeating: " ", count: column == row.count - 1 ? 0 : widths[column] - cell.count)
                return (index == 0 ? self.paint(cell, .bold) : painted(index - 1, column)) + room
            }.joined(separator: "  ")
        }
    }

    /// What is missing, and in which roles.
    private var hardening: [String] {
        var names: [String] = []
        var roles: [String: [String]] = [:]
        for process in self.processes {
            let role = AdministrationOutput.cell(process["role"])
            for missing in (process["missing_hardening"]?.array ?? []).map({ AdministrationOutput.cell($0) }) {
                if roles[missing] == nil { names.append(missing) }
                if roles[missing]?.contains(role) != true { roles[missing, default: []].append(role) }
            }
        }
        guard !names.isEmpty else { return [] }
        return ["", self.paint("hardening that this machine does not allow", .yellow)]
            + names.map { "  \($0): \((roles[$0] ?? []).joined(separator: ", "))" }
    }

    // MARK: What was asked, and what is to be known

    private var operations: [String] {
        let operations = self.value["operations"]?.array ?? []
        guard !operations.isEmpty else { return [] }
        return ["", "what was asked of it, the newest last"] + operations.flatMap { self.lines(of: $0) }
    }

    private func lines(of operation: JSONValue) -> [String] {
        let cell = AdministrationOutput.cell
        let message = (operation["message"]?.string ?? []).split(separator: UInt8(ascii: "\n"))
            .map { AdministrationOutput.printable(Array($0)) }
        let by = operation["token"]?.string == nil ? " (a signal)" : ""
        let head =
            "  \(cell(operation["kind"])) \(self.paint.state(cell(operation["state"]))), "
            + "\(Self.time(operation["age_seconds"])) ago\(by)"
        guard message.count > 1 else { return [head + (message.first.map { ": \($0)" } ?? "")] }
        return [head + ":"] + message.map { "    \($0)" }
    }

    private var notices: [String] {
        let notices = (self.value["notices"]?.array ?? []).map { AdministrationOutput.cell($0) }
        return notices.isEmpty ? [] : ["", "notices of the configuration"] + notices.map { "  \($0)" }
    }

    static func time(_ seconds: JSONValue?) -> String { DurationText.text(seconds: seconds?.integer ?? 0) }
}
