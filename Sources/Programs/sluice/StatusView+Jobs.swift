import JSON

// What runs by a schedule: a line each.
extension StatusView {
    private static let columns = ["JOB", "SCHEDULE", "NEXT (UTC)", "LAST (UTC)", "RESULT", "ROWS"]

    var jobTable: [String] {
        guard let jobs = self.jobs?["data"]?.array else {
            return [
                "", self.paint("what runs by a schedule is not known: the usage database does not answer", .yellow),
            ]
        }
        let rows = jobs.map { Self.row($0) }
        return [""]
            + self.table(Self.columns, rows) { row, column in
                column == 4 && rows[row][column] == "failed" ? self.paint("failed", .red) : rows[row][column]
            }
    }

    private static func row(_ job: JSONValue) -> [String] {
        let cell = AdministrationOutput.cell
        let last = job["last"]
        let isRunning = job["running"]?["started"]?.string != nil
        return [
            cell(job["job"]), "\(cell(job["schedule"])) \(cell(job["timezone"]))", Self.minutes(job["next"]),
            isRunning ? Self.minutes(job["running"]?["started"]) : Self.minutes(last?["started"]),
            isRunning ? "running" : cell(last?["result"]), cell(last?["rows"]),
        ]
    }

    /// `2026-11-22 02:00` of a time.
    private static func minutes(_ time: JSONValue?) -> String {
        guard let text = time?.string, text.count >= 16 else { return "-" }
        return AdministrationOutput.printable(Array(text.prefix(10)) + [UInt8(ascii: " ")] + Array(text[11..<16]))
    }
}
