public import Domain

/// Writes events as JSON lines: `{"time":…,"level":…,"role":…,"instance":…,"message":…,FIELDS}`.
///
/// The message is a constant, so that lines can be counted and searched; what varies goes into fields. A call below the
/// threshold evaluates nothing. A value type: each owner may keep a copy with a threshold of its own.
public struct Log: Sendable {
    /// Events below this are not written.
    public var level: LogLevel
    public let role: Role
    /// The process's instance number, 0 for the supervisor.
    public let instance: UInt32
    private let sink: any LogSink
    private let wallMilliseconds: @Sendable () -> UInt64

    /// A log to `sink`; the clock gives milliseconds since 1970.
    public init(
        role: Role, instance: UInt32 = 0, level: LogLevel = .info, sink: any LogSink = StandardErrorSink.shared,
        wallMilliseconds: @escaping @Sendable () -> UInt64 = Timestamp.now
    ) {
        self.level = level
        self.role = role
        self.instance = instance
        self.sink = sink
        self.wallMilliseconds = wallMilliseconds
    }

    /// Something only a developer wants to see.
    public func debug(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        guard self.level <= .debug else { return }
        self.write(.debug, message, fields())
    }

    /// A change of state an operator wants to see.
    public func info(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        guard self.level <= .info else { return }
        self.write(.info, message, fields())
    }

    /// Something is wrong and was dealt with.
    public func warning(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        guard self.level <= .warning else { return }
        self.write(.warning, message, fields())
    }

    /// Something is wrong and somebody has to act.
    public func error(_ message: StaticString, _ fields: @autoclosure () -> LogFields = [:]) {
        self.write(.error, message, fields())
    }

    private func write(_ level: LogLevel, _ message: StaticString, _ fields: LogFields) {
        var line = LogLine()
        line.add("time", Timestamp.text(milliseconds: self.wallMilliseconds()))
        line.add("level", level.label)
        line.add("role", self.role.label)
        line.add("instance", .unsigned(UInt64(self.instance)))
        line.add("message", message.description)
        for field in fields.list { line.add(field.key, field.value) }
        self.sink.write(line.finish())
    }
}
