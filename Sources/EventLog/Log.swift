public import Domain
import Logging

/// Writes events as lines, JSON or text, by way of swift-log: what a library logs there lands in the same place in the same
/// form.
///
/// The message is a constant, so that lines can be counted and searched; what varies goes into fields. A call below the
/// threshold evaluates nothing. Copies share threshold and format: setting them on one sets them for all.
public struct Log: Sendable {
    public let origin: LogOrigin
    private let control: LogControl
    private let sink: any LogSink
    private let wallMilliseconds: @Sendable () -> UInt64
    private let logger: Logger

    /// A log to `sink`; the clock gives milliseconds since 1970.
    public init(
        role: Role, instance: UInt32 = 0, level: LogLevel = .info, format: LogFormat = .json,
        sink: any LogSink = StandardErrorSink.shared, wallMilliseconds: @escaping @Sendable () -> UInt64 = Timestamp.now
    ) {
        self.origin = LogOrigin(role: role, instance: instance)
        self.control = LogControl(level: level, format: format)
        self.sink = sink
        self.wallMilliseconds = wallMilliseconds
        let handler = EventLogHandler(
            origin: self.origin, control: self.control, sink: sink, wallMilliseconds: wallMilliseconds)
        self.logger = Logger(label: "", factory: { _ in handler })
    }

    /// Events below this are not written, by no copy of this log.
    public var level: LogLevel {
        get { self.control.level }
        nonmutating set { self.control.level = newValue }
    }

    /// How all copies of this log write.
    public var format: LogFormat {
        get { self.control.format }
        nonmutating set { self.control.format = newValue }
    }

    /// Has every swift-log `Logger` of this process write here, with its label as the field `logger`. To be called once in
    /// the life of a process.
    public func takeOverProcess() {
        let (origin, control, sink, clock) = (self.origin, self.control, self.sink, self.wallMilliseconds)
        LoggingSystem.bootstrap { label in
            EventLogHandler(label: label, origin: origin, control: control, sink: sink, wallMilliseconds: clock)
        }
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

    private func write(_ level: Logger.Level, _ message: StaticString, _ fields: LogFields) {
        self.logger.log(
            level: level, Logger.Message(stringLiteral: message.description),
            metadata: [LogFields.metadataKey: .stringConvertible(fields)])
    }

    // MARK: Lines made elsewhere

    /// Memory for lines of this process, made by whoever writes many; `kept` bytes of them may wait.
    public func makeBuffer(keeping kept: Int) -> LineBuffer {
        LineBuffer(origin: self.origin, format: self.format, keeping: kept)
    }

    /// Writes what waits in `buffer`, which is empty afterwards, whether or not there was room for it.
    public func write(_ buffer: inout LineBuffer) {
        let sink = self.sink
        unsafe buffer.drain { lines in unsafe sink.write(lines: lines) }
    }

    /// Lines of this process that could not be written so far.
    public var droppedLines: UInt64 { self.sink.droppedLines }

    /// Says how many lines were lost since this was said last, if any, once there is room again. To be called every second
    /// or so.
    public func sayLosses() {
        self.sink.sayLosses { lost in
            var line = self.makeBuffer(keeping: 0)
            line.begin(.warning, "log lines lost", milliseconds: self.wallMilliseconds())
            line.add("lines", lost)
            line.end()
            return line.bytes
        }
    }
}
