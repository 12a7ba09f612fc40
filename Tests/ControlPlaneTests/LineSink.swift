import EventLog
import Synchronization

/// Keeps what is logged.
final class LineSink: LogSink {
    private let lines = Mutex<[UInt8]>([])

    var text: String { self.lines.withLock { String(decoding: $0, as: UTF8.self) } }

    func write(_ line: [UInt8]) {
        self.lines.withLock { $0 += line }
    }
}
