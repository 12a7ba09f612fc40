import Platform
import Synchronization

/// Writes each line to descriptor 2 with one call that does not wait: a reader who has stopped reading costs lines, which
/// are counted, never a stalled event loop.
public final class StandardErrorSink: LogSink {
    /// The process's only one.
    public static let shared = StandardErrorSink(descriptor: 2)

    private let descriptor: Int32
    private let dropped = Atomic<UInt64>(0)

    /// A sink to `descriptor`, which stays the caller's.
    public init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Lines that could not be written so far.
    public var droppedLines: UInt64 { self.dropped.load(ordering: .relaxed) }

    public func write(_ line: [UInt8]) {
        if !ImmediateOutput.write(line, to: self.descriptor) { self.dropped.wrappingAdd(1, ordering: .relaxed) }
    }

    /// Writes a line for a person, waiting up to a second for a slow reader: for the last words of a process.
    public func writePlain(_ text: String) {
        ImmediateOutput.waitForRoom(in: self.descriptor, milliseconds: 1000)
        self.write(Array((text + "\n").utf8))
    }
}
