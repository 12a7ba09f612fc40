import Platform
import Synchronization

/// Writes lines to descriptor 2 with calls that do not wait: a reader who has stopped reading costs lines, which are counted
/// and said later, never a stalled event loop.
public final class StandardErrorSink: LogSink {
    /// The process's only one.
    public static let shared = StandardErrorSink(descriptor: 2)

    private let descriptor: Int32
    private let dropped = Atomic<UInt64>(0)
    /// Those among the dropped of which nobody was told yet.
    private let unsaid = Atomic<UInt64>(0)

    /// A sink to `descriptor`, which stays the caller's.
    public init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    public var droppedLines: UInt64 { self.dropped.load(ordering: .relaxed) }

    public func write(_ line: [UInt8]) {
        if !ImmediateOutput.write(line, to: self.descriptor) { self.lost(1) }
    }

    public func write(lines: UnsafeRawBufferPointer) {
        guard unsafe !ImmediateOutput.write(lines, to: self.descriptor) else { return }
        self.lost(unsafe lines.reduce(into: UInt64(0)) { $0 += $1 == UInt8(ascii: "\n") ? 1 : 0 })
    }

    private func lost(_ count: UInt64) {
        self.dropped.wrappingAdd(count, ordering: .relaxed)
        self.unsaid.wrappingAdd(count, ordering: .relaxed)
    }

    public func sayLosses(_ line: (UInt64) -> [UInt8]) {
        guard self.unsaid.load(ordering: .relaxed) > 0 else { return }
        let lost = self.unsaid.exchange(0, ordering: .relaxed)
        guard !ImmediateOutput.write(line(lost), to: self.descriptor) else { return }
        self.unsaid.wrappingAdd(lost, ordering: .relaxed)
    }

    /// Writes a line for a person, waiting up to a second for a slow reader: for the last words of a process.
    public func writePlain(_ text: String) {
        ImmediateOutput.waitForRoom(in: self.descriptor, milliseconds: 1000)
        self.write(Array((text + "\n").utf8))
    }
}
