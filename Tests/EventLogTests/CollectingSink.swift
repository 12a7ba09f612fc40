import EventLog
import Synchronization

/// Keeps the lines it gets.
final class CollectingSink: LogSink {
    private let collected = Mutex<[[UInt8]]>([])

    func write(_ line: [UInt8]) { self.collected.withLock { $0.append(line) } }

    var bytes: [[UInt8]] { self.collected.withLock { $0 } }
    var lines: [String] { self.bytes.map { String(decoding: $0, as: UTF8.self) } }
    var sizes: [Int] { self.bytes.map(\.count) }
}
