import Domain
import EventLog
import Foundation
import IPC
import Limits
import Platform
import Resilience
import Testing

@testable import UpstreamWorker

/// A table of providers in a folder of its own, and workers at it.
final class HealthScene {
    let state: URL
    private let table: LimitTable

    init(upstreams: UInt16 = 4) throws {
        self.state = FileManager.default.temporaryDirectory.appendingPathComponent("health-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            atPath: LimitTable.providersFolder(stateDirectory: self.state.path), withIntermediateDirectories: true)
        self.table = try LimitTable.create(
            LimitTable.providersPath(stateDirectory: self.state.path), shape: .providers(upstreams: upstreams),
            boot: BootID.current())
        try self.table.publish()
    }

    deinit {
        try? FileManager.default.removeItem(at: self.state)
    }

    /// Another process at the table, as it were: with a mapping of its own.
    func worker(_ instance: UInt32, _ providers: [ProviderSettings], version: UInt64 = 1) throws -> HealthWorker {
        try HealthWorker(self.state.path, instance, providers, version)
    }

    func reader() throws -> HealthReader { try HealthReader.open(stateDirectory: self.state.path) }
}

/// What an upstream has of the shared health. To be used by one thread.
final class HealthWorker {
    let health = SharedHealth()
    let seat: LimitSeat
    let set: ProviderSet
    private var records: UInt64 = 0
    private let instance: UInt32

    init(_ state: String, _ instance: UInt32, _ providers: [ProviderSettings], _ version: UInt64) throws {
        self.instance = instance
        self.seat = LimitSeat(path: LimitTable.providersPath(stateDirectory: state), instance: instance) { _ in }
        try #require(self.seat.take())
        let snapshot = UpstreamSnapshot(version: version, providers: providers, logLevel: .error)
        self.set = ProviderSet(snapshot, previous: nil) { _ in AttemptCounter() }
        self.health.use(self.seat.owner)
        self.health.use(snapshot)
    }

    /// A request whose places are these providers, each with this model.
    func request(_ places: Int = 1, model: String = "m") -> RequestHealth {
        self.records += 1
        let calls = (0..<places).map {
            ProviderRequest.Call(
                target: Target(provider: UInt16($0), model: Array(model.utf8)), splices: [])
        }
        return self.health.health(
            of: ProviderRequest(
                record: RecordID(high: UInt64(self.instance), low: self.records), endpoint: .chatCompletions,
                isStream: false, askedForUsage: false, bodyLength: 400, snapshot: 1, calls: calls), in: self.set)
    }

    /// Takes, fails, and ends: whether it was let through.
    @discardableResult
    func fail(_ kind: CallFailure.Kind, after: UInt64? = nil, model: String = "m") -> Bool {
        let request = self.request(model: model)
        guard case .taken = request.take(0, attempt: 1, avoiding: KeySet(), at: 0) else { return false }
        request.failed(1, CallFailure(kind, advice: RetryAdvice(after: after)))
        request.ended(1, tokens: 0, at: 0)
        return true
    }

    @discardableResult
    func succeed(_ milliseconds: UInt64 = 5, model: String = "m", tokens: Int64 = 0) -> Bool {
        let request = self.request(model: model)
        guard case .taken = request.take(0, attempt: 1, avoiding: KeySet(), at: 0) else { return false }
        request.answered(1, firstContent: milliseconds * 1_000_000)
        request.ended(1, tokens: tokens, at: 0)
        return true
    }

    func standing(model: String = "m") -> CallStanding { self.request(model: model).standing(of: 0, at: 0) }
}
