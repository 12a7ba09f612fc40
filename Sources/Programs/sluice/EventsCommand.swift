import Administration
import ArgumentParser
import JSON
import Platform

/// `sluice events`: what happens to requests, as it happens.
struct EventsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Follow requests: one JSON line when one comes, and one when it is over.",
        discussion: """
            A line is the request as GET /api/v1/requests has it, with `event` (start, stop, or exception for one that ended with an \
            error or a status of 400 or more) and `at`, when that was. Lines come as soon as the usage database has the record, about \
            in the order of time. Without --follow they end with what is known by now.

            Where control is started again, that is said on the standard error, and it goes on where it was; what was over a moment \
            before is not told twice. Ctrl-C ends it.

            Examples:
              sluice events --follow
              sluice events --since 5m | jq 'select(.event == "exception") | {record, error, total_us}'

            Exit status: 0 done or interrupted, 1 refused, 2 wrong usage, 69 no gateway is running, none answers, or it has ended.
            """)

    @OptionGroup var gateway: GatewayOption
    @Flag(name: .shortAndLong, help: "Go on until interrupted.")
    var follow = false
    @Option(
        help: """
            Begin with what came from then on: a time, a day, today, or how long ago (5m, 12h). With --follow it begins with \
            what comes, without with the last minute.
            """)
    var since: String?
    @Option(help: "Only requests of this organization (org_…).")
    var org: String?
    @Flag(help: "Print JSON lines, as it does in any case.")
    var json = false

    /// Milliseconds that control may wait with an answer.
    private static let wait: Int64 = 20_000

    func run() throws {
        let interruption = try Interruption()
        var gateway = RunningGateway(stateDirectory: try self.gateway.folder())
        gateway.interruption = interruption
        var query = try self.firstQuery(gateway)
        var told = ToldEnds()
        var isAway = false
        while !interruption.hasCome {
            let answer = gateway.ask(.get, "events", query, patience: Int(Self.wait / 1000) + 10)
            guard !interruption.hasCome else { return }
            guard let answer, answer.status != 503 else {
                try self.waitForControl(gateway, answer, isSaid: isAway, interruption)
                isAway = true
                continue
            }
            guard answer.status == 200 else {
                StandardStream.error.write("sluice: \(answer.message)\n")
                throw ExitCode(1)
            }
            if isAway { StandardStream.error.write("sluice: control answers again\n") }
            isAway = false
            let events = answer.value["data"]?.array ?? []
            for event in events where told.isNew(event, isResumed: answer.value["resumed"] == .bool(true)) {
                var writer = JSONWriter()
                writer.value(event)
                guard interruption.writes(String(decoding: writer.bytes, as: UTF8.self) + "\n") else { return }
            }
            guard self.follow || !events.isEmpty else { return }
            query = self.query(("after", answer.value["next"] ?? .null))
        }
    }

    private func firstQuery(_ gateway: RunningGateway) throws -> [JSONValue.Member] {
        // Said before anything else: there is nothing to wait for.
        do throws(RunningGateway.Failure) {
            guard try gateway.isRunning() else { throw gateway.notRunning }
        } catch {
            OrderOutput.say(error)
            throw ExitCode(error.exitCode)
        }
        guard let text = self.since ?? (self.follow ? nil : "1m") else { return self.query(nil) }
        guard let time = PastTime.milliseconds(text) else { throw ValidationError("--since needs a time") }
        return self.query(("since", .string(Array(TimeText.text(milliseconds: time).utf8))))
    }

    private func query(_ place: (name: String, value: JSONValue)?) -> [JSONValue.Member] {
        var query = [JSONValue.Member("limit", .integer(500))]
        if let place { query.append(JSONValue.Member(place.name, place.value)) }
        if let org { query.append(JSONValue.Member("org", org)) }
        if self.follow { query.append(JSONValue.Member("wait_ms", .integer(Self.wait))) }
        return query
    }

    /// Throws where there is nothing to wait for any more.
    private func waitForControl(
        _ gateway: RunningGateway, _ answer: RunningGateway.Answer?, isSaid: Bool, _ interruption: Interruption
    ) throws {
        do throws(RunningGateway.Failure) {
            guard try gateway.isRunning() else {
                throw RunningGateway.Failure(
                    message: "the gateway has ended", exitCode: AdministrationClient.unavailable)
            }
        } catch {
            OrderOutput.say(error)
            throw ExitCode(error.exitCode)
        }
        if !isSaid {
            let reason = answer.map { ": \($0.message)" } ?? ""
            StandardStream.error.write("sluice: control does not answer\(reason); trying again\n")
        }
        interruption.pause(milliseconds: 250)
    }
}

/// The ends that were told last: who goes on after a break is told of some of them again. Bounded.
private struct ToldEnds {
    private static let limit = 10_000

    private var records: Set<[UInt8]> = []
    private var order: [[UInt8]] = []
    private var next = 0

    mutating func isNew(_ event: JSONValue, isResumed: Bool) -> Bool {
        guard event["event"]?.string != Array("start".utf8), let record = event["record"]?.string else { return true }
        if isResumed, self.records.contains(record) { return false }
        guard self.records.insert(record).inserted else { return true }
        if self.order.count < Self.limit {
            self.order.append(record)
        } else {
            self.records.remove(self.order[self.next])
            self.order[self.next] = record
            self.next = (self.next + 1) % Self.limit
        }
        return true
    }
}
