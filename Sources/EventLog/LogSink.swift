/// Takes finished log lines, each with its newline.
public protocol LogSink: Sendable {
    /// Must not block for long: it is called from event loops.
    func write(_ line: [UInt8])
    /// The same for several lines at once.
    func write(lines: UnsafeRawBufferPointer)
    /// Lines that could not be written so far.
    var droppedLines: UInt64 { get }
    /// Writes the line that `line` makes of the number of lines lost since this was said last, if there were any.
    func sayLosses(_ line: (UInt64) -> [UInt8])
}

extension LogSink {
    public func write(lines: UnsafeRawBufferPointer) {
        let pieces = unsafe lines.split(separator: UInt8(ascii: "\n"))
        for place in unsafe pieces.indices {
            unsafe self.write(Array(pieces[place]) + [UInt8(ascii: "\n")])
        }
    }

    public var droppedLines: UInt64 { 0 }

    public func sayLosses(_ line: (UInt64) -> [UInt8]) {}
}
