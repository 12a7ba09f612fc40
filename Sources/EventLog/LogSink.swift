/// Takes finished log lines, each with its newline.
public protocol LogSink: Sendable {
    /// Must not block for long: it is called from event loops.
    func write(_ line: [UInt8])
}
