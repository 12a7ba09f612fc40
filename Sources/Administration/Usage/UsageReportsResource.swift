public import Domain
public import EventLog
import JSON
import UsageStore

/// `usage/daily`, `usage/hourly`, `usage/summary`: sums that are kept for good, divided by anything; and `usage/forecast`.
///
/// Days are those of the project's time zone at the time of each request; which day it is today is asked in the zone of the project that the
/// report is of, else in that of the configuration.
public final class UsageReportsResource: AdministrationResource {
    /// The names of what sums can be divided by.
    public static let dimensions = RollupDimension.allCases.map(\.rawValue)

    /// Entries in one answer in JSON, and in CSV.
    static let pageLimit = 1000
    static let tableLimit = 50_000
    /// Most days, and hours, of a report.
    static let longest: Int64 = 3700

    private let file: UsageFile
    private let names: any EntityNames
    /// Of a project; of the configuration for nil.
    private let zone: (EntityID?) -> TimeZoneRules
    private let clock: () -> UInt64

    /// `clock` gives milliseconds since 1970.
    public init(
        file: UsageFile, names: any EntityNames, zone: @escaping (EntityID?) -> TimeZoneRules,
        clock: @escaping () -> UInt64 = Timestamp.now
    ) {
        self.file = file
        self.names = names
        self.zone = zone
        self.clock = clock
    }

    public var routes: [APIRoute] {
        let day = { (name: String, words: String) in
            APIParameter(name, in: .query, .string(format: "date"), words)
        }
        let month = APIParameter(
            "month", in: .query, .string(pattern: "^(19[7-9][0-9]|[2-9][0-9]{3})-(0[1-9]|1[0-2])$"),
            "Such as 2026-11; the current one where it is missing.")
        let format = APIParameter("format", in: .query, .oneOf(["json", "csv"]), "CSV is all of it in one answer.")
        let page = [
            APIParameter("after", in: .query, .string(pattern: "^[0-9]{1,6}$"), "The `next` of the answer before."),
            APIParameter.limit(Self.pageLimit), format,
        ]
        return [
            APIRoute(
                .get, ["usage", "daily"], id: "getDailyUsage", summary: "Adds up what was used each day.", tag: "usage",
                parameters: [
                    day("from", "The first day; 29 days before the last where it is missing."),
                    day("to", "The last day; today where it is missing."),
                ] + UsageSelection.parameters + page,
                replies: [200: Self.schema("DailyUsage", .day)], isTable: true,
                handler: { (call) throws(AdministrationFailure) in try self.daily(&call) }),
            APIRoute(
                .get, ["usage", "hourly"], id: "getHourlyUsage", summary: "Adds up what was used each hour.",
                tag: "usage",
                parameters: [
                    APIParameter("since", in: .query, .time, "The hour with it is the first; 24 hours ago otherwise."),
                    APIParameter("until", in: .query, .time, "The last hour begins before it; now otherwise."),
                ] + UsageSelection.parameters + page,
                replies: [200: Self.schema("HourlyUsage", .hour)], isTable: true,
                handler: { (call) throws(AdministrationFailure) in try self.hourly(&call) }),
            APIRoute(
                .get, ["usage", "summary"], id: "getUsageSummary",
                summary: "Adds up what was used in a month, or in some days.", tag: "usage",
                parameters: [
                    month, day("from", "The first day, where it is not a month."),
                    day("to", "The last day; today where only `from` is there."),
                ] + UsageSelection.parameters + page,
                replies: [200: Self.schema("UsageSummary", nil)], isTable: true,
                handler: { (call) throws(AdministrationFailure) in try self.summary(&call) }),
            APIRoute(
                .get, ["usage", "forecast"], id: "forecastUsage",
                summary: "Says what will have been used by the end of this month.", tag: "usage",
                parameters: UsageSelection.parameters.filter { $0.name != "by" },
                replies: [200: Self.forecastSchema],
                handler: { (call) throws(AdministrationFailure) in try self.forecast(&call) }),
        ]
    }

    // MARK: Reports

    private func daily(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let selection = try UsageSelection(&call, self.names)
        let days = try self.days(&call.fields, selection)
        return try self.report(&call, selection, .days(days), .day) { Self.write(days, to: &$0) }
    }

    /// From `from` to `to`: the last 30 days where neither is there.
    private func days(
        _ fields: inout RequestFields, _ selection: UsageSelection
    ) throws(AdministrationFailure) -> Range<Int64> {
        let last = try Self.day("to", &fields) ?? self.today(selection).number
        let first = try Self.day("from", &fields) ?? max(0, last - 29)
        guard first <= last else { throw fields.unusable("from", "a day that is not after `to`") }
        return first..<last + 1
    }

    private static func write(_ days: Range<Int64>, to writer: inout JSONWriter) {
        writer.key("from")
        writer.string(UsageDay.text(days.lowerBound))
        writer.key("to")
        writer.string(UsageDay.text(days.upperBound - 1))
    }

    private func hourly(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let selection = try UsageSelection(&call, self.names)
        let hour: UInt64 = 3_600_000
        let until = try call.fields.time("until") ?? self.clock() + 1
        let since = try call.fields.time("since") ?? until - min(until, 24 * hour)
        guard since < until else { throw call.fields.unusable("since", "a time before `until`") }
        let hours = Int64(since / hour)..<Int64((until - 1) / hour) + 1
        return try self.report(&call, selection, .hours(hours), .hour) { writer in
            writer.key("since")
            writer.string(TimeText.text(milliseconds: since / hour * hour))
            writer.key("until")
            writer.string(TimeText.text(milliseconds: UInt64(hours.upperBound) * hour))
        }
    }

    private func summary(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let selection = try UsageSelection(&call, self.names)
        let days: Range<Int64>
        if let text = try call.fields.text("month") {
            guard let named = UsageDay.month(text) else { throw call.fields.unusable("month", "such as 2026-11") }
            guard !call.fields.has("from"), !call.fields.has("to") else {
                throw .unusable("month", "give a month, or days, but not both")
            }
            days = named
        } else if call.fields.has("from") || call.fields.has("to") {
            days = try self.days(&call.fields, selection)
        } else {
            days = UsageDay.month(with: self.today(selection).number)
        }
        return try self.report(&call, selection, .days(days), nil) { Self.write(days, to: &$0) }
    }

    /// Asks for the sums and writes them; `head` is what stands before them in JSON.
    private func report(
        _ call: inout AdministrationCall, _ selection: UsageSelection, _ period: RollupQuery.Period,
        _ divided: UsageTable.Period?, _ head: (inout JSONWriter) -> Void
    ) throws(AdministrationFailure) -> AdministrationReply {
        guard period.count <= Self.longest else {
            throw AdministrationFailure(
                status: 422, code: "invalid_value",
                message: "the period is too long: at most \(Self.longest) days, or hours, in one report",
                field: divided == .hour ? "since" : "from")
        }
        let isTable = try call.fields.text("format").map { $0.utf8.elementsEqual("csv".utf8) } ?? false
        let after = try Self.place(&call.fields)
        let limit = try call.fields.pageSize(Self.pageLimit)
        try call.fields.end()
        let query = selection.query(period, isDivided: divided != nil)
        let report =
            try self.file.ask { (reader, isOverdue) throws(UsageReadingFailure) in
                try reader.rollups(query, isOverdue: isOverdue)
            } ?? RollupReport()
        let table = UsageTable(period: divided, dimensions: selection.dimensions, names: KnownNames(self.names))
        if isTable { return try Self.table(report, table) }
        let rest = report.entries.dropFirst(after)
        let page = PageRoom.page(Array(rest.prefix(limit)), limit: limit) { entry in
            var writer = JSONWriter()
            writer.beginObject()
            table.write(entry, to: &writer)
            writer.endObject()
            return writer.bytes
        }
        return AdministrationReply { writer in
            head(&writer)
            writer.key("total")
            writer.beginObject()
            table.write(report.total, to: &writer)
            writer.endObject()
            writer.key("data")
            writer.beginArray()
            for entry in page {
                writer.beginObject()
                table.write(entry, to: &writer)
                writer.endObject()
            }
            writer.endArray()
            writer.key("next")
            writer.string(optional: page.count < rest.count ? "\(after + page.count)" : nil)
        }
    }

    /// How many entries earlier answers had: the `next` of the last of them; 0 where there was none.
    private static func place(_ fields: inout RequestFields) throws(AdministrationFailure) -> Int {
        guard let text = try fields.text("after") else { return 0 }
        guard (1...6).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let place = Int(text)
        else { throw fields.unusable("after", "the `next` of an answer") }
        return place
    }

    private static func table(
        _ report: RollupReport, _ table: UsageTable
    ) throws(AdministrationFailure) -> AdministrationReply {
        guard report.entries.count <= Self.tableLimit else {
            throw AdministrationFailure(
                status: 422, code: "too_many_rows",
                message: "there are \(report.entries.count) rows, and \(Self.tableLimit) at most are given: "
                    + "ask for a shorter period, or divide by less", field: "by")
        }
        var reply = AdministrationReply(status: 200, body: table.head + report.entries.flatMap { table.line($0) })
        reply.contentType = .csv
        return reply
    }

    // MARK: Forecast

    private func forecast(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let selection = try UsageSelection(&call, self.names)
        try call.fields.end()
        let today = self.today(selection)
        let month = UsageDay.month(with: today.number)
        let first = max(0, min(month.lowerBound, today.number - Int64(UsageForecast.history)))
        let query = selection.query(.days(first..<today.number + 1), isDivided: true)
        let report =
            try self.file.ask { (reader, isOverdue) throws(UsageReadingFailure) in
                try reader.rollups(query, isOverdue: isOverdue)
            } ?? RollupReport()
        let measures: [(String, @Sendable (RollupTotals) -> Int64)] = [
            ("requests", { $0.requests }), ("tokens", { $0.usage.total }), ("cost_usd", { $0.cost }),
        ]
        var lines: [(name: String, soFar: Int64, UsageForecast)] = []
        for (name, measure) in measures {
            var days = [Int64](repeating: 0, count: Int(today.number + 1 - first))
            for entry in report.entries {
                guard let day = entry.period, days.indices.contains(Int(clamping: day - first)) else { continue }
                days[Int(day - first)] = measure(entry.totals)
            }
            let ofToday = days.removeLast()
            // Days before anything was ever used say nothing of those to come.
            let known = Array(days.drop { $0 == 0 })
            let soFar = days.suffix(Int(today.number - month.lowerBound)).reduce(ofToday) { $0.addingClamped($1) }
            lines.append(
                (
                    name, soFar,
                    UsageForecast(
                        days: known, today: ofToday, passed: today.passed,
                        left: Int(month.upperBound - 1 - today.number), soFar: soFar)
                ))
        }
        return AdministrationReply { writer in
            writer.key("month")
            writer.string(UsageDay.text(monthWith: month.lowerBound))
            writer.key("today")
            writer.string(UsageDay.text(today.number))
            writer.key("days_left")
            writer.integer(month.upperBound - 1 - today.number)
            for (name, soFar, forecast) in lines {
                writer.key(Array(name.utf8))
                writer.beginObject()
                for (member, value) in [
                    ("so_far", soFar), ("expected", forecast.expected), ("low", forecast.low), ("high", forecast.high),
                ] {
                    writer.key(Array(member.utf8))
                    if name.hasSuffix("usd") { writer.dollars(value) } else { writer.integer(value) }
                }
                writer.endObject()
            }
        }
    }

    // MARK: -

    /// The day it is where the report is of, and how much of it is over.
    private func today(_ selection: UsageSelection) -> (number: Int64, passed: Double) {
        let rules = self.zone(selection.project)
        let seconds = Int64(clamping: self.clock() / 1000)
        let number = Int64(CalendarPeriods(at: seconds, in: rules).day)
        let left = CalendarPeriods.end(of: .day, at: seconds, in: rules) - seconds
        return (number, 1 - Double(min(max(0, left), 86_400)) / 86_400)
    }

    private static func day(
        _ name: String, _ fields: inout RequestFields
    ) throws(AdministrationFailure) -> Int64? {
        guard let text = try fields.text(name) else { return nil }
        guard let day = UsageDay.number(text) else { throw fields.unusable(name, "a day such as 2026-11-22") }
        return day
    }

    private static func schema(_ name: String, _ period: UsageTable.Period?) -> APISchema {
        let head: [APISchema.Member] =
            switch period {
            case .hour: [.init("since", .timestamp), .init("until", .timestamp)]
            case .day, nil: [.init("from", .string(format: "date")), .init("to", .string(format: "date"))]
            }
        let divided = period.map { [APISchema.Member($0.rawValue, .nullable(.string()))] } ?? []
        return .named(
            name,
            .object(
                head + [
                    .init("total", .object(UsageTable.totals)),
                    .init("data", .array(.object(divided + UsageTable.group + UsageTable.totals))),
                    .init("next", .nullable(.string()), "What `after` is for the page that follows; null on the last."),
                ]))
    }

    private static let forecastSchema: APISchema = {
        let measure = { (value: APISchema) in
            APISchema.object(["so_far", "expected", "low", "high"].map { APISchema.Member($0, value) })
        }
        return .named(
            "UsageForecast",
            .object([
                .init("month", .string()), .init("today", .string(format: "date")), .init("days_left", .whole),
                .init("requests", measure(.whole)), .init("tokens", measure(.whole)),
                .init("cost_usd", measure(.amount)),
            ]))
    }()
}

extension RollupQuery.Period {
    /// How many days or hours it has.
    fileprivate var count: Int64 {
        switch self {
        case .hours(let range), .days(let range): Int64(range.count)
        }
    }
}
