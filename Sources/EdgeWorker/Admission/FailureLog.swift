import Domain
import EventLog

/// Logs requests the gateway itself failed, at most ten a second; what was left out is counted and said with the next.
struct FailureLog {
    private static let perSecond = 10
    private var second: UInt64 = 0
    private var count = 0
    private var leftOut: UInt64 = 0

    /// `seconds` is any clock's.
    mutating func record(_ error: GatewayError, record: RecordID, endpoint: Route.Label, seconds: UInt64, to log: Log) {
        guard error.source == .gateway else { return }
        if seconds != self.second {
            self.second = seconds
            self.count = 0
        }
        guard self.count < FailureLog.perSecond else {
            self.leftOut += 1
            return
        }
        self.count += 1
        log.warning(
            "request failed",
            [
                "record": .string(record.description), "endpoint": .string(endpoint.text), "code": .string(error.code),
                "status": .unsigned(UInt64(error.status)), "left_out": .unsigned(self.leftOut),
            ])
        self.leftOut = 0
    }
}
