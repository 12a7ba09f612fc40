import Cryptography
import Domain
import Journal

@testable import EdgeWorker

/// Writes down in order what an edge tells its journal, and what else a test wants to know the order of.
final class RecordingJournal: RequestJournal {
    enum Event: Equatable {
        case begin(BeginRecord)
        case settle(SettleRecord, JournalWriter.Admission)
        /// Bytes went to a client's socket.
        case wrote(String)
        case closed
    }

    private(set) var events: [Event] = []
    var admission = JournalWriter.Admission.recorded
    var lost: UInt64 = 0

    func begin(_ record: BeginRecord) -> JournalWriter.Admission {
        if self.admission != .refused { self.events.append(.begin(record)) }
        return self.admission
    }

    func settle(_ record: SettleRecord, _ admission: JournalWriter.Admission) {
        self.events.append(.settle(record, admission))
    }

    func update(_ settings: JournalSettings) {}

    func close() { self.events.append(.closed) }

    func wrote(_ text: String) { self.events.append(.wrote(text)) }

    var begins: [BeginRecord] {
        self.events.compactMap { if case .begin(let record) = $0 { record } else { nil } }
    }

    var settles: [SettleRecord] {
        self.events.compactMap { if case .settle(let record, _) = $0 { record } else { nil } }
    }

    /// The one SETTLE, if there is exactly one BEGIN and one SETTLE, in this order and of one request.
    var only: SettleRecord? {
        guard self.begins.count == 1, self.settles.count == 1, self.begins[0].record == self.settles[0].record,
            case .begin? = self.events.first(where: { if case .wrote = $0 { false } else { true } })
        else { return nil }
        return self.settles[0]
    }

    func clear() { self.events = [] }
}

/// A key directory in memory.
final class KeyList: KeyDirectory {
    struct Missing: Error {}

    var isThere = true
    private(set) var isOpen = false
    var principals: [Digest: (principal: Principal, expires: UInt64)] = [:] {
        didSet { self.commits += 1 }
    }
    /// The limits of keys' own.
    var keyLimits: [EntityID: LimitSet] = [:] {
        didSet { self.commits += 1 }
    }
    /// The models keys may use.
    var keyModels: [EntityID: [[UInt8]]] = [:] {
        didSet { self.commits += 1 }
    }
    /// What is set for others.
    var entities: [Entity: EntityLimits] = [:] {
        didSet { self.commits += 1 }
    }
    /// Rows of others cannot be read.
    var rowsAreLost = false
    private var commits: UInt64 = 0
    /// How often a row of others was read.
    private(set) var reads = 0
    /// How often it was tried to open it, and how often a digest was looked up.
    private(set) var attempts = 0
    private(set) var lookUps = 0

    func refresh() throws {
        self.attempts += 1
        self.isOpen = self.isThere
        guard self.isThere else { throw Missing() }
    }

    func lookUp(_ digest: Digest, at milliseconds: UInt64) -> KeyLookup {
        self.lookUps += 1
        guard let found = self.principals[digest], milliseconds < found.expires else { return .unknown }
        let key = found.principal.key
        return .principal(found.principal, self.keyLimits[key] ?? LimitSet(), models: self.keyModels[key] ?? [])
    }

    struct Entity: Hashable {
        var scope: LimitScope
        var id: EntityID
    }

    var revision: UInt64? { self.isThere ? self.commits : nil }

    func limits(of scope: LimitScope, _ id: EntityID) -> EntityLimits? {
        self.reads += 1
        guard self.isThere, !self.rowsAreLost else { return nil }
        return self.entities[Entity(scope: scope, id: id)] ?? EntityLimits()
    }

    /// Sets the limits of a project, an organization, a user or the static key.
    func set(
        _ scope: LimitScope, id: EntityID = .standard, _ limits: [LimitKind: Int64], in zone: TimeZoneRules? = nil
    ) {
        self.entities[Entity(scope: scope, id: id)] = EntityLimits(limits: LimitSet(limits), timeZone: zone)
    }

    /// A key of a project of its own, good until `expires`.
    func add(_ key: String, _ number: UInt64, expires: UInt64 = .max) throws -> Principal {
        let id = EntityID(high: number, low: number)
        let principal = Principal(organization: .standard, project: id, key: id)
        self.principals[try SHA256().digest(key.utf8)] = (principal, expires)
        return principal
    }

    func remove(_ key: String) throws {
        self.principals[try SHA256().digest(key.utf8)] = nil
    }
}
