public import Domain
import JSON

/// `limits`: how limits stand, and what they are.
///
/// `GET limits` says of every window and budget of somebody what was used, what is held, what the limit is and what remains.
/// `PATCH limits` sets limits: those that are there, null takes one away, "unlimited" lifts a default. `DELETE limits` takes
/// away all that were set. Who is meant is said as in `LimitDirectory`; the answer is always that of `GET`. `limits/{key}` is the same
/// for one key, with its version.
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
        let change = APISchema.named("KeyLimits", .object(APISchema.Member.limits))
        let key = [APIParameter.path("key", .key)]
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
            APIRoute(
                .get, ["limits", "{key}"], id: "getKeyLimits", summary: "Shows how the limits of a key stand.",
                tag: "limits", parameters: key, replies: [200: Self.schema], handler: self.getKey),
            APIRoute(
                .put, ["limits", "{key}"], id: "replaceKeyLimits",
                summary: "Sets all limits of a key; those that are not there are none.", tag: "limits",
                parameters: key, body: change, replies: [200: Self.schema], handler: self.replaceKey),
            APIRoute(
                .patch, ["limits", "{key}"], id: "updateKeyLimits",
                summary: "Sets limits of a key; null takes one away.", tag: "limits", parameters: key, body: change,
                replies: [200: Self.schema], handler: self.updateKey),
        ]
    }

    private func get(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let subject = try self.subject(&call, .readLimits)
        try call.fields.end()
        return try self.show(subject)
    }

    private func update(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        var again = call
        let subject = try self.subject(&call, .changeLimits)
        let edits = try call.fields.limits()
        try call.fields.end()
        if !edits.isEmpty {
            try self.change(subject, from: call.origin) { limits in for (kind, value) in edits { limits[kind] = value }
            }
        }
        return try self.show(self.subject(&again, .changeLimits))
    }

    private func clear(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        var again = call
        let subject = try self.subject(&call, .changeLimits)
        try call.fields.end()
        try self.change(subject, from: call.origin) { $0 = LimitSet() }
        return try self.show(self.subject(&again, .changeLimits))
    }

    // MARK: Of one key

    private func getKey(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.fields.end()
        return try self.show(key: call.key(of: self.store, .readLimits))
    }

    private func updateKey(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let key = try call.key(of: self.store, .changeLimits)
        let edits = try call.fields.limits()
        try call.fields.end()
        return try self.change(key, call) { limits in for (kind, value) in edits { limits[kind] = value } }
    }

    private func replaceKey(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let key = try call.key(of: self.store, .changeLimits)
        var limits = LimitSet()
        for (kind, value) in try call.fields.limits() { limits[kind] = value }
        try call.fields.end()
        return try self.change(key, call) { $0 = limits }
    }

    private func change(
        _ key: KeyRecord, _ call: AdministrationCall, _ body: (inout LimitSet) -> Void
    ) throws(AdministrationFailure) -> AdministrationReply {
        let changed = try self.store.updateKey(
            key.id, from: call.origin,
            matching: { (version) throws(AdministrationFailure) in try call.requireMatch(version: version) }
        ) { body(&$0.limits) }
        return try self.show(key: changed)
    }

    private func show(key: KeyRecord) throws(AdministrationFailure) -> AdministrationReply {
        var reply = try self.show(self.directory.subject(of: key))
        reply.version = key.version
        return reply
    }

    // MARK: -

    /// Who is meant. What is another organization's is as absent as what never was.
    private func subject(
        _ call: inout AdministrationCall, _ action: AdministrationAction
    ) throws(AdministrationFailure) -> LimitSubject {
        let subject = try self.directory.subject(&call.fields, home: call.actor.home)
        // What an organization may use is not for those to say whom it limits.
        let isItself = subject.scope == .organization && action == .changeLimits
        try call.require(
            action, in: isItself ? .gateway : subject.organization.map { .organization($0) } ?? .gateway,
            absent: subject.scope == .key ? .noKey : .noProject)
        return subject
    }

    /// Those of the configuration in force.
    var settings: LimitSettings {
        get { self.directory.settings }
        set { self.directory.settings = newValue }
    }

    private func change(
        _ subject: LimitSubject, from origin: AuditOrigin, _ body: (inout LimitSet) -> Void
    ) throws(AdministrationFailure) {
        switch subject.home {
        case .key(let id): _ = try self.store.updateKey(id, from: origin) { body(&$0.limits) }
        case .entity(let id):
            try self.store.setLimits(
                of: subject.scope, id, organization: subject.organization, from: origin, body)
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
        guard let period = kind.period else { return line?.reset }
        let seconds = Int64(clamping: now / 1000)
        let end = CalendarPeriods.end(of: period, at: seconds, in: subject.timeZone)
        return UInt64(max(0, end - seconds)) * 1000
    }
}

extension UInt64 {
    fileprivate func dividedUp(by divisor: UInt64) -> UInt64 { self / divisor + (self % divisor == 0 ? 0 : 1) }
}
