import Domain
public import EventLog
import JSON
import UsageStore

/// `jobs`: what runs by a schedule, when it did last, and when it does next.
public final class JobsResource: AdministrationResource {
    private static let runLimit = 3

    private let file: UsageFile
    private let board: JobBoard
    private let clock: () -> UInt64

    /// `clock` gives milliseconds since 1970.
    public init(file: UsageFile, board: JobBoard, clock: @escaping () -> UInt64 = Timestamp.now) {
        self.file = file
        self.board = board
        self.clock = clock
    }

    public var routes: [APIRoute] {
        [
            APIRoute(
                .get, ["jobs"], id: "listJobs", summary: "Says what runs by a schedule, and how it went.",
                tag: "gateway", replies: [200: .object([.init("data", .array(Self.schema))])], requires: .readGateway,
                handler: self.list)
        ]
    }

    private static let run: [APISchema.Member] = [
        .init("started", .timestamp), .init("host", .whole, "The number of the host that does it, or did."),
    ]
    private static let schema = APISchema.named(
        "Job",
        .object([
            .init("job", .oneOf(Job.allCases.map(\.rawValue))),
            .init("schedule", .string(), "Such as `01:00` or `Sun 02:00`."), .init("timezone", .string()),
            .init("next", .nullable(.timestamp), "When its next period begins."),
            .init("running", .nullable(.object(JobsResource.run)), "A run that is under way."),
            .init(
                "last",
                .nullable(
                    .object(
                        JobsResource.run + [
                            .init("finished", .timestamp),
                            .init("result", .oneOf(JobResult.allCases.map(\.rawValue))),
                            .init("rows", .whole, "Rows that were removed, or put right."),
                        ])), "The last run that has ended."),
            .init("last_success", .nullable(.timestamp)),
        ]))

    /// What is known of a job.
    private struct State {
        var job: Job
        var running: JobRun?
        var last: JobRun?
        var doneAt: UInt64?
    }

    private func list(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.readGateway, in: .gateway)
        try call.fields.end()
        let now = self.clock()
        let states = try self.file.ask { (reader, _) throws(UsageReadingFailure) in
            var states: [State] = []
            for job in Job.allCases {
                let runs = try reader.runs(of: job, limit: JobsResource.runLimit)
                states.append(
                    State(
                        job: job, running: runs.first { $0.finished == nil && $0.heldUntil > now },
                        last: runs.first { $0.finished != nil }, doneAt: try reader.lastSuccess(of: job)))
            }
            return states
        }
        let settings = self.board.now
        return AdministrationReply { writer in
            writer.key("data")
            writer.beginArray()
            for state in states ?? Job.allCases.map({ State(job: $0) }) {
                Self.write(state, settings, now: now, to: &writer)
            }
            writer.endArray()
        }
    }

    private static func write(
        _ state: State, _ settings: HousekeepingSettings, now: UInt64, to writer: inout JSONWriter
    ) {
        let schedule = settings.schedules[state.job]
        let next = schedule.next(after: Int64(clamping: now / 1000), in: settings.timeZone)
        writer.beginObject()
        writer.key("job")
        writer.string(state.job.rawValue)
        writer.key("schedule")
        writer.string(schedule.text)
        writer.key("timezone")
        writer.string(settings.timeZone.name)
        writer.key("next")
        self.write(next.map { UInt64(clamping: $0).multipliedReportingOverflow(by: 1000).partialValue }, to: &writer)
        writer.key("running")
        if let running = state.running {
            writer.beginObject()
            self.write(startOf: running, to: &writer)
            writer.endObject()
        } else {
            writer.null()
        }
        writer.key("last")
        if let last = state.last {
            writer.beginObject()
            self.write(startOf: last, to: &writer)
            writer.key("finished")
            self.write(last.finished, to: &writer)
            writer.key("result")
            writer.string((last.result ?? .failed).rawValue)
            writer.key("rows")
            writer.integer(last.amount)
            writer.endObject()
        } else {
            writer.null()
        }
        writer.key("last_success")
        self.write(state.doneAt, to: &writer)
        writer.endObject()
    }

    private static func write(startOf run: JobRun, to writer: inout JSONWriter) {
        writer.key("started")
        self.write(run.started, to: &writer)
        writer.key("host")
        writer.integer(Int64(run.host))
    }

    /// A time in milliseconds since 1970.
    private static func write(_ time: UInt64?, to writer: inout JSONWriter) {
        writer.string(optional: time.map { TimeText.text(milliseconds: $0) })
    }
}
