import Domain
import Logging

/// Where swift-log's events become lines.
///
/// Events of this project bring their fields in order and typed (`LogFields`); those of libraries bring metadata, whose
/// numbers and truth values stay what they are and whose text is escaped like any other.
struct EventLogHandler: LogHandler {
    /// Names that a line has already.
    private static let taken: Set<String> = ["time", "level", "role", "instance", "message", "logger", "error", "cut"]

    /// Empty for this project's own.
    let label: String
    let origin: LogOrigin
    let control: LogControl
    let sink: any LogSink
    let wallMilliseconds: @Sendable () -> UInt64
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    /// What somebody has set for one logger only.
    private var ownLevel: Logger.Level?

    init(
        label: String = "", origin: LogOrigin, control: LogControl, sink: any LogSink,
        wallMilliseconds: @escaping @Sendable () -> UInt64
    ) {
        self.label = label
        self.origin = origin
        self.control = control
        self.sink = sink
        self.wallMilliseconds = wallMilliseconds
    }

    var logLevel: Logger.Level {
        get { self.ownLevel ?? Logger.Level(self.control.level) }
        set { self.ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = LineBuffer(origin: self.origin, format: self.control.format, keeping: 0)
        line.begin(LogLevel(event.level), text: event.message.description, milliseconds: self.wallMilliseconds())
        if !self.label.isEmpty { line.add("logger", text: self.label) }
        if let error = event.error { line.add("error", text: "\(error)") }
        if case .stringConvertible(let box) = event.metadata?[LogFields.metadataKey], let fields = box as? LogFields {
            for field in fields.list { line.add(key: field.key, field.value) }
        } else {
            self.add(event.metadata, to: &line)
        }
        line.end()
        self.sink.write(line.bytes)
    }

    /// The event's own metadata counts before the logger's, and that before the provider's.
    private func add(_ own: Logger.Metadata?, to line: inout LineBuffer) {
        var all = self.metadataProvider?.get() ?? [:]
        all.merge(self.metadata) { $1 }
        if let own { all.merge(own) { $1 } }
        for (key, value) in all.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
            line.add(key: Self.taken.contains(key) ? key + "_" : key, LogValue(value))
        }
    }
}

extension Logger.Level {
    init(_ level: LogLevel) {
        switch level {
        case .debug: self = .debug
        case .info: self = .info
        case .warning: self = .warning
        case .error: self = .error
        }
    }
}

extension LogLevel {
    fileprivate init(_ level: Logger.Level) {
        switch level {
        case .trace, .debug: self = .debug
        case .info, .notice: self = .info
        case .warning: self = .warning
        case .error, .critical: self = .error
        }
    }
}
