import Administration
import Catalogue
import Configuration
import Domain
import EventLog
import HTTPClient
import Platform

/// Looks at the catalogue's source now and then, and warns of models that end. Lives on control's loop; files and the database are looked at on
/// the desk's threads.
final class CatalogueKeeper {
    /// Nanoseconds until what could not be done for want of a store is tried again.
    private static let pause: UInt64 = 30_000_000_000
    /// Milliseconds until a source that failed is looked at again, if it is not sooner anyway.
    private static let longestFailure: UInt64 = 3_600_000

    private let loop: EpollLoop
    private let desk: AdministrationDesk
    private let log: Log
    private let board: CatalogueBoard
    /// Absolute: where paths of the configuration start.
    private let directory: String
    /// A share of 0 to 1, at random.
    private let random: () -> Double
    /// Called when `notices` are others.
    var changed: () -> Void = {}
    private(set) var notices: [String] = []
    private var settings: CatalogueSettings?
    private var timer: LoopTimer?
    private var client: HTTPClient?
    /// Counts what was begun: an outcome of what another configuration asked for is nobody's any more.
    private var turn: UInt64 = 0
    private var isLooking = false
    private var failure: String?
    private var endings: [String] = []
    private var state: GatewayState?

    init(
        loop: EpollLoop, desk: AdministrationDesk, log: Log, board: CatalogueBoard, directory: String,
        random: @escaping () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.loop = loop
        self.desk = desk
        self.log = log
        self.board = board
        self.directory = directory
        self.random = random
    }

    /// A configuration is in force. `isReadAgain` says that its file was read again: then the source is looked at at once.
    func use(_ state: GatewayState, isReadAgain: Bool) {
        self.state = state
        let settings = state.configuration.catalogue
        if settings != self.settings || isReadAgain {
            self.settings = settings
            self.board.use(settings)
            self.turn &+= 1
            self.isLooking = false
            if settings.source == nil { self.tell(failure: nil) }
            self.look(isForced: isReadAgain)
        }
        self.lookForEndings()
    }

    /// Nothing is begun any more.
    func close() {
        self.turn &+= 1
        self.cancelTimer()
    }

    // MARK: Looking

    /// Unless it is forced, what was looked at a moment ago (before a restart, or by another host) is not looked at again.
    private func look(isForced: Bool = false) {
        self.cancelTimer()
        guard let settings, let source = settings.source, !self.isLooking else { return }
        self.isLooking = true
        let turn = self.turn
        switch source {
        case .file(let path):
            let absolute = AbsolutePath.resolve(path, in: self.directory)
            self.work(turn) { store in
                CatalogueIntake(
                    source: source, appliesItself: settings.appliesItself, store: store, now: Timestamp.now()
                ).take(file: absolute, readFile: BoundedFile.readNow)
            }
        case .url(let url): self.fetch(url, settings, turn, isForced: isForced)
        }
    }

    private func fetch(_ url: String, _ settings: CatalogueSettings, _ turn: UInt64, isForced: Bool) {
        self.desk.perform({ (bench: DeskBench) in try? bench.store.catalogueHeads().candidate }) { [weak self] result in
            guard let self, turn == self.turn else { return }
            guard case .success(let head) = result else { return self.end(nil, turn) }
            let known = head.flatMap { $0.source.utf8.elementsEqual(url.utf8) ? $0 : nil }
            let age = known.map { Timestamp.now() &- min($0.checked, Timestamp.now()) } ?? .max
            guard isForced || age >= settings.refresh / 2 else {
                self.isLooking = false
                return self.schedule(afterMilliseconds: settings.refresh - age)
            }
            guard let client = self.openClient() else { return self.end(.failed("no connection can be made"), turn) }
            CatalogueFetch.start(url, tag: known?.tag, client, loop: self.loop) { [weak self] outcome in
                self?.fetched(outcome, known, settings, turn)
            }
        }
    }

    private func fetched(
        _ outcome: CatalogueFetch.Outcome, _ known: CatalogueRecord.Head?, _ settings: CatalogueSettings, _ turn: UInt64
    ) {
        guard turn == self.turn, let source = settings.source else { return }
        switch outcome {
        case .failed(let message): self.end(.failed(message), turn)
        case .same:
            self.work(turn) { store in
                if let known { try? store.checked(candidate: known, tag: known.tag) }
                return .same
            }
        case .new(let bytes, let tag):
            self.work(turn) { store in
                CatalogueIntake(
                    source: source, appliesItself: settings.appliesItself, tag: tag, store: store, now: Timestamp.now()
                ).take(bytes)
            }
        }
    }

    private func work(_ turn: UInt64, _ body: @escaping @Sendable (AdministrationStore) -> CatalogueIntake.Outcome) {
        self.desk.perform({ (bench: DeskBench) in body(bench.store) }) { [weak self] result in
            guard case .success(let outcome) = result else { return self?.end(nil, turn) ?? () }
            self?.end(outcome, turn)
        }
    }

    /// nil where there was no store to work with.
    private func end(_ outcome: CatalogueIntake.Outcome?, _ turn: UInt64) {
        guard turn == self.turn, let settings, let source = settings.source else { return }
        self.isLooking = false
        guard let outcome else { return self.schedule(after: Self.pause) }
        if case .failed = outcome {
            self.schedule(afterMilliseconds: min(settings.refresh, Self.longestFailure))
        } else {
            self.schedule(afterMilliseconds: settings.refresh)
        }
        self.say(outcome, source)
        self.lookForEndings()
    }

    private func say(_ outcome: CatalogueIntake.Outcome, _ source: CatalogueSettings.Source) {
        if case .failed(let message) = outcome {
            self.log.error(
                "the catalogue cannot be read; prices stay as they are",
                ["source": .string(source.text), "error": .string(message)])
            return self.tell(failure: "catalogue: \(source.text): \(message); prices stay as they are")
        }
        switch outcome {
        case .waits(let models, let counts):
            self.log.info(
                "a catalogue waits to be applied: `sluice catalogue diff` shows what would change",
                ["source": .string(source.text), "models": .unsigned(UInt64(models)), "changes": .string(counts.text)])
        case .applied(let models, let counts):
            self.log.info(
                "a catalogue was applied",
                ["source": .string(source.text), "models": .unsigned(UInt64(models)), "changes": .string(counts.text)])
        case .same, .failed: break
        }
        self.tell(failure: nil)
    }

    private func tell(failure: String?) {
        self.failure = failure
        self.board.keep(failure: failure.map { ($0, Timestamp.now()) })
        self.gather()
    }

    // MARK: Models that end

    private func lookForEndings() {
        guard let state else { return }
        let endings = EndingModels(state, milliseconds: Timestamp.now()).notices(state.configuration)
        for notice in endings where !self.endings.contains(notice) {
            self.log.warning("configuration notice", ["notice": .string(notice)])
        }
        self.endings = endings
        self.gather()
    }

    private func gather() {
        let notices = self.endings + (self.failure.map { [$0] } ?? [])
        guard notices != self.notices else { return }
        self.notices = notices
        self.changed()
    }

    // MARK: -

    private func openClient() -> HTTPClient? {
        if self.client == nil { self.client = try? HTTPClient(loop: self.loop, idleConnections: 1) }
        return self.client
    }

    /// Or a little sooner or later: hosts that were started together do not ask together for ever. A year at the most.
    private func schedule(afterMilliseconds time: UInt64) {
        let bounded = Double(min(time, 366 * 86_400_000))
        self.schedule(after: UInt64(bounded * (0.9 + 0.2 * min(max(self.random(), 0), 1))) &* 1_000_000)
    }

    private func schedule(after nanoseconds: UInt64) {
        self.cancelTimer()
        self.timer = self.loop.schedule(after: nanoseconds) { [weak self] in self?.look() }
    }

    private func cancelTimer() {
        if let timer { self.loop.cancel(timer) }
        self.timer = nil
    }
}
