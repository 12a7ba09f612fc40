import Domain
import IPC
import JSON

extension JSONWriter {
    /// The members of `status`; docs/operations.md names them.
    mutating func members(of report: TreeReport) {
        self.key("state")
        self.string(report.state.label)
        self.key("pid")
        self.integer(report.pid)
        self.key("build")
        self.string(String(decoding: report.build, as: UTF8.self))
        self.key("uptime_seconds")
        self.integer(report.age / 1000)
        self.key("configuration_version")
        self.integer(report.version)
        self.key("listeners")
        self.list(report.listeners) { $0.string($1) }
        self.key("quarantined")
        self.integer(report.quarantined)
        self.key("processes")
        self.list(report.processes) { $0.value($1) }
        self.key("operations")
        self.list(report.operations) { $0.value($1) }
    }

    mutating func list<Element>(_ elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
        self.beginArray()
        for element in elements { write(&self, element) }
        self.endArray()
    }

    private mutating func value(_ process: TreeReport.Process) {
        self.beginObject()
        self.key("role")
        self.string(process.role.label)
        self.key("index")
        self.integer(process.index)
        self.key("generation")
        self.integer(process.generation)
        self.key("instance")
        self.integer(process.instance)
        self.key("pid")
        if process.pid == 0 { self.null() } else { self.integer(process.pid) }
        self.key("state")
        self.string(process.state.label)
        self.key("uptime_seconds")
        self.integer(process.age / 1000)
        self.key("restarts")
        self.integer(process.restarts)
        self.key("active_requests")
        self.integer(process.activeRequests)
        self.key("configuration_version")
        self.integer(process.version)
        self.key("missing_hardening")
        self.list(process.missing.labels) { $0.string($1) }
        self.endObject()
    }

    private mutating func value(_ operation: TreeReport.Operation) {
        self.beginObject()
        self.key("token")
        if operation.token == 0 { self.null() } else { self.string(FingerprintText.text(operation.token)) }
        self.key("kind")
        self.string(operation.kind.label)
        self.key("state")
        self.string(operation.state.label)
        self.key("message")
        self.string(operation.message)
        self.key("age_seconds")
        self.integer(operation.age / 1000)
        self.endObject()
    }
}
