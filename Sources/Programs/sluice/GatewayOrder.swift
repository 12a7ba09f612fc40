import Administration
import Domain
import Foundation
import Glibc
import JSON

/// One thing asked of a running gateway, and what becomes of it.
struct GatewayOrder {
    /// How far it is.
    enum State: Hashable {
        /// The gateway has been asked.
        case asked
        case running
        case done(String)
        case failed(String)

        var label: String {
            switch self {
            case .asked: "asked"
            case .running: "running"
            case .done: "done"
            case .failed: "failed"
            }
        }

        var message: String {
            switch self {
            case .asked, .running: ""
            case .done(let message), .failed(let message): message
            }
        }
    }

    let gateway: RunningGateway
    let kind: OrderKind
    let token = UInt64.random(in: 1 ... .max)
    /// When it was asked for, in seconds since the machine has started.
    private let asked = ProcessInfo.processInfo.systemUptime
    /// It was asked for by a signal, which has no token.
    private var isSignal = false

    init(_ kind: OrderKind, to gateway: RunningGateway) {
        self.gateway = gateway
        self.kind = kind
    }

    /// Seconds since it was asked for.
    var age: Double { ProcessInfo.processInfo.systemUptime - self.asked }

    /// Asks: control, or where it does not answer the supervisor.
    mutating func give() throws(RunningGateway.Failure) {
        let body = [
            JSONValue.Member("kind", self.kind.label), JSONValue.Member("token", FingerprintText.text(self.token)),
        ]
        guard let answer = try self.gateway.askPatiently(.post, "orders", body) else {
            let pid = try self.gateway.signal(self.kind)
            self.isSignal = true
            StandardStream.error.write(
                "sluice: the gateway's control does not answer; a signal was sent to its supervisor, process \(pid)\n")
            return
        }
        guard answer.status == 202 else {
            throw RunningGateway.Failure(
                message: answer.message, exitCode: answer.status >= 500 ? AdministrationClient.unavailable : 1)
        }
    }

    /// What the gateway says of it now; throws when there is no gateway any more.
    func look() throws(RunningGateway.Failure) -> State {
        guard let answer = self.gateway.ask(.get, "status"), answer.status == 200 else {
            // Control may be starting again, or is just being replaced.
            guard try self.gateway.isRunning() else {
                throw RunningGateway.Failure(
                    message: "the gateway has ended meanwhile", exitCode: AdministrationClient.unavailable)
            }
            return .asked
        }
        guard let operation = (answer.value["operations"]?.array ?? []).last(where: self.isThis) else { return .asked }
        let message = String(decoding: operation["message"]?.string ?? [], as: UTF8.self)
        switch operation["state"]?.string.map({ String(decoding: $0, as: UTF8.self) }) {
        case "done": return .done(message)
        case "failed": return .failed(message)
        default: return .running
        }
    }

    private func isThis(_ operation: JSONValue) -> Bool {
        guard operation["kind"]?.string == Array(self.kind.label.utf8) else { return false }
        guard self.isSignal else { return operation["token"]?.string == Array(FingerprintText.text(self.token).utf8) }
        // One of no token that is as young as this.
        return operation["token"]?.string == nil && Double(operation["age_seconds"]?.integer ?? .max) <= self.age
    }

    /// Looks until it is done or has failed, or `limit` seconds have passed since it was asked for.
    func wait(_ limit: Double) throws(RunningGateway.Failure) -> State {
        while true {
            let state = try self.look()
            switch state {
            case .done, .failed: return state
            case .asked, .running: break
            }
            guard self.age < limit else { return state }
            Thread.sleep(forTimeInterval: min(self.age < 1 ? 0.03 : 0.2, max(0.001, limit - self.age)))
        }
    }
}
