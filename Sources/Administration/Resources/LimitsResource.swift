public import Domain
import JSON

/// `limits`: how limits stand, and what they are.
///
/// `GET limits` says of every window and budget of somebody what was used, what is held, what the limit is and what remains.
/// `PATCH limits` sets limits: those that are there, null takes one away, "unlimited" lifts a default. `DELETE limits` takes
/// away all that were set. Who is meant is said as in `LimitDirectory`; the answer is always that of `GET`.
public final class LimitsResource: AdministrationResource {
    private let store: AdministrationStore
    private var directory: LimitDirectory
    private let figures: LimitFigures

    /// `settings` are those of the configuration in force.
    public init(store: AdministrationStore, settings: LimitSettings) {
        self.store = store
        self.directory = LimitDirectory(store: store, settings: settings)
        self.figures = LimitFigures(stateDirectory: store.stateDirectory, clock: store.clock)
    }

    public var routes: [APIRoute] {
        let patch = APISchema.named(
            "LimitsChange",
            .object(
                LimitDirectory.parameters.map {
                    APISchema.Member($0.name, .nullable($0.schema), required: false, $0.summary)
                } + APISchema.Member.limits))
        return [
            APIRoute(
                .get, ["limits"], id: "getLimits", summary: "Shows how the limits of somebody stand.", tag: "limits",
                parameters: LimitDirectory.parameters, replies: [200: Self.schema], handler: self.get),
            APIRoute(
                .patch, ["limits"], id: "updateLimits", summary: "Sets limits of somebody; null takes one away.",
                tag: "limits", body: patch, replies: [200: Self.schema], handler: self.update),
            APIRoute(
                .delete, ["limits"], id: "clearLimits", summary: "Takes away all limits that were set for somebody.",
                tag: "limits", parameters: LimitDirectory.parameters, replies: [200: Self.schema],
                handler: self.clear),
        ]
    }

    private func get(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.readLimits, in: .gateway)
        let subject = try self.directory.subject(&call.fields)
        try call.fields.end()
        return try self.show(subject)
    }

    private func update(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.changeLimits, in: .gateway)
        var again = call.fields
        let subject = try self.directory.subject(&call.fields)
        let edits = try call.fields.limits()
        try call.fields.end()
        guard !edits.isEmpty else { throw .invalid("there is nothing to change") }
        try self.change(subject) { limits in for (kind, value) in edits { limits[kind] = value } }
        return try self.show(self.directory.subject(&again))
    }

    private func clear(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.changeLimits, in: .gateway)
        var again = call.fields
        let subject = try self.directory.subject(&call.fields)
        try call.fields.end()
        try self.change(subject) { $0 = LimitSet() }
        return try self.show(self.directory.subject(&again))
    }

    /// Those of the configuration in force.
    var settings: LimitSettings {
        get { self.directory.settings }
        set { self.directory.settings = newValue }
    }

    private func change(
        _ subject: LimitSubject, _ body: (inout LimitSet) -> Void
    ) throws(AdministrationFailure) {
        switch subject.home {
        case .key(let id): _ = try self.store.updateKey(id) { body(&$0.limits) }
        case .entity(let id): try self.store.setLimits(of: subject.scope, id, body)
        case .configuration(let key):
            throw AdministrationFailure(
                status: 409, code: "in_configuration",
                message:
                    "these limits stand in the configuration, at \(key): change the file and reload (`sluice reload`)")
        }
    }

    private func show(_ subject: LimitSubject) throws(AdministrationFailure) -> AdministrationReply {
        let limits = subject.own.filled(from: subject.defaults)
        let figures = subject.isCounted ? try self.figures.report(subject, limits: limits) : nil
        let now = self.store.clock()
        return AdministrationReply { writer in
            writer.key("scope")
            writer.string("\(subject.scope.name)")
            for (name, value) in [("id", subject.id), ("name", subject.name)] {
                writer.key(Array(name.utf8))
                if let value { writer.string(value) } else { writer.null() }
            }
            writer.key("time_zone")
            writer.string(subject.timeZone.name)
            writer.key("counted")
            writer.bool(figures != nil)
            writer.key("limits")
            writer.beginArray()
            for (index, kind) in LimitKind.allCases.enumerated() {
                writer.beginObject()
                let limit = limits[kind].flatMap { $0 == LimitSet.unlimited ? nil : $0 }
                Self.write(kind, limit, own: subject.own[kind], figures?[index], to: &writer)
                Self.write(reset: Self.reset(kind, subject, figures?[index], now), to: &writer)
                writer.endObject()
            }
            writer.endArray()
        }
    }

    private static func write(
        _ kind: LimitKind, _ limit: Int64?, own: Int64?, _ line: LimitFigures.Figure?, to writer: inout JSONWriter
    ) {
        writer.key("name")
        writer.string("\(kind.name)")
        writer.key("unit")
        writer.string(Self.label(kind.unit))
        for (name, value) in [
            ("limit", limit), ("own", own), ("used", line?.used), ("held", line?.held), ("remaining", line?.remaining),
        ] {
            writer.key(Array(name.utf8))
            writer.amount(value, kind)
        }
    }

    private static func label(_ unit: LimitKind.Unit) -> String {
        switch unit {
        case .requests: "requests"
        case .tokens: "tokens"
        case .cost: "usd"
        }
    }

    private static func write(reset milliseconds: UInt64?, to writer: inout JSONWriter) {
        writer.key("reset_seconds")
        if let milliseconds { writer.integer(Int64(clamping: milliseconds.dividedUp(by: 1000))) } else { writer.null() }
    }

    /// Milliseconds until what was used counts no more; nil where time alone does not help.
    private static func reset(
        _ kind: LimitKind, _ subject: LimitSubject, _ line: LimitFigures.Figure?, _ now: UInt64
    ) -> UInt64? {
        let period: CalendarPeriods.Period
        switch kind {
        case .dailyTokens, .dailyCost: period = .day
        case .weeklyTokens, .weeklyCost: period = .week
        case .monthlyTokens, .monthlyCost: period = .month
        default: return line?.reset
        }
        let seconds = Int64(clamping: now / 1000)
        let end = CalendarPeriods.end(of: period, at: seconds, in: subject.timeZone)
        return UInt64(max(0, end - seconds)) * 1000
    }
}

extension UInt64 {
    fileprivate func dividedUp(by divisor: UInt64) -> UInt64 { self / divisor + (self % divisor == 0 ? 0 : 1) }
}
