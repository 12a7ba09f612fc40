import Administration
import Configuration
import Domain
import Glibc
import IPC
import IPCEpoll
import EventLog
import Platform
import WorkerRuntime

/// Control as a worker: hands what it has prepared to the supervisor, serves edges, and tells the operator when all is
/// up.
///
/// Lives on the process's event loop. Everything that can fail has been done before the role exists
/// (`PreparedGateway`).
final class ControlRole: WorkerRole {
    private let context: WorkerProgram.Context
    private var log: Log
    private var gateway: PreparedGateway?
    private let configuration: GatewayConfiguration
    private let clientKey: ClientKey
    private var store: AdministrationStore?
    private var service: AdministrationService
    private let quarantine: QuarantineBoard
    private var operators: OperatorSocket?
    private let stateDirectory: String
    private var hello: Hello?
    private let scratch = LinkScratch()
    private var links: [UInt32: AdministrationLink] = [:]
    /// Whether the gateway's start is still to be announced; a control that was started again has nothing to tell.
    private var announcesStart: Bool
    private var isOnStandby: Bool
    private let limits: LimitSettings

    init(_ context: WorkerProgram.Context) throws(StartFailure) {
        let gateway = try PreparedGateway(arguments: context.arguments)
        self.context = context
        self.log = context.log
        self.log.level = gateway.configuration.logLevel
        for notice in gateway.notices { self.log.warning("configuration notice", ["notice": .string(notice)]) }
        self.configuration = gateway.configuration
        self.clientKey = gateway.clientKey
        let endpoint = context.endpoint
        self.quarantine = QuarantineBoard(
            now: { Clocks.monotonicNanoseconds() / 1_000_000 }, release: { endpoint.release(fingerprint: $0) })
        self.isOnStandby = context.arguments.isOnStandby
        self.limits = gateway.snapshots.edge.limits
        self.service = AdministrationService(unavailable: "the gateway is being upgraded")
        let administration = gateway.administration
        self.stateDirectory = gateway.snapshots.topology.stateDirectory
        self.announcesStart = context.arguments.inForce == nil
        self.gateway = consume gateway
        if !self.isOnStandby { self.use(administration) }
    }

    private func use(_ administration: Result<AdministrationStore, StartFailure>) {
        switch administration {
        case .success(let store):
            self.store = store
            self.service = AdministrationService(store: store, limits: self.limits, quarantine: self.quarantine)
        case .failure(let failure):
            self.service = AdministrationService(unavailable: failure.message)
            self.log.error("administration is not available", ["error": .string(failure.message)])
        }
    }

    func start(hello: Hello) {
        guard let gateway = self.gateway.take() else { return }
        let host = gateway.instance.record.host
        self.hello = Hello(role: .control, instance: hello.instance, host: host, build: WorkerIdentity.build)
        do throws(SystemError) {
            let snapshots = gateway.snapshots
            let edge = try SealedMemory.make(name: "edge-snapshot", bytes: snapshots.edge.encoded())
            let upstream = try SealedMemory.make(name: "upstream-snapshot", bytes: snapshots.upstream.encoded())
            let aggregator = try SealedMemory.make(name: "aggregator-snapshot", bytes: snapshots.aggregator.encoded())
            let inForce = try SealedMemory.make(name: "configuration", bytes: gateway.source.encoded())
            let announcement = TopologyAnnouncement(
                version: gateway.source.version, host: host, topology: snapshots.topology)
            // The supervisor gets descriptors of its own, and with one of them the lock; ours are closed on return.
            self.context.endpoint.announce(
                announcement,
                descriptors: [
                    edge.number, upstream.number, aggregator.number, inForce.number, gateway.instance.descriptor.number,
                ])
        } catch {
            return self.context.endpoint.fail(StartFailure("cannot make the snapshots: \(error)"))
        }
        if !self.isOnStandby { self.serveOperators() }
        self.context.endpoint.ready()
    }

    private func serveOperators() {
        self.openOperatorSocket()
        self.maintain(turn: 0)
    }

    private func openOperatorSocket() {
        do throws(SystemError) {
            self.operators = try OperatorSocket(
                stateDirectory: self.stateDirectory, loop: self.context.loop, service: self.service, log: self.log)
        } catch {
            self.log.error("the operators' socket cannot be opened", ["error": .string("\(error)")])
        }
    }

    /// Once a second: brings into the identity table what could not be written to it before; now and then frees what killed
    /// edges hold of it.
    private func maintain(turn: Int) {
        guard let store = self.store else { return }
        do throws(AdministrationFailure) {
            try store.catchUp()
            if turn % 10 == 9 { try store.sweepReaders() }
        } catch {
            if turn % 60 == 0 { self.log.error("key table is behind", ["error": .string(error.message)]) }
        }
        self.context.loop.schedule(after: 1_000_000_000) { [weak self] in self?.maintain(turn: turn &+ 1) }
    }

    /// Control makes snapshots and gets none.
    func receive(snapshot bytes: [UInt8], version: UInt64) -> SnapshotVerdict { .refused("control makes them") }

    func receive(link offer: LinkOffer, descriptor: Int32, area: Int32?) {
        let owned = OwnedDescriptor(adopting: descriptor)
        guard let hello = self.hello, offer.role == .edge else {
            return self.log.warning("link from an unexpected role refused", ["peer": .string(offer.role.label)])
        }
        let link = AdministrationLink(instance: offer.instance, log: self.log) { [weak self] ended in
            guard let self, self.links[ended.instance] === ended else { return }
            self.links[ended.instance] = nil
        }
        do {
            try link.start(owned, loop: self.context.loop, hello: hello, scratch: self.scratch)
        } catch {
            return self.log.error("link could not be opened", ["peer": "edge", "error": .string("\(error)")])
        }
        let replaced = self.links.updateValue(link, forKey: offer.instance)
        replaced?.close()
    }

    func drain(timeout: UInt64) {
        self.operators?.close()
        // No reply is ever under way between two turns of the loop.
        self.context.endpoint.drained()
    }

    func receive(quarantine: Quarantine) {
        self.quarantine.tell(quarantine.fingerprint, milliseconds: quarantine.milliseconds)
    }

    func activate() {
        if self.isOnStandby {
            // The control before has ended: its files and its socket are ours now.
            self.isOnStandby = false
            let directory = self.stateDirectory
            self.use(Result { () throws(StartFailure) in try AdministrationStore(stateDirectory: directory) })
            self.serveOperators()
        }
        guard self.announcesStart else { return }
        self.announcesStart = false
        let listed = (try? BoundedFile.read(path: "\(self.stateDirectory)/run/listeners", limit: 1 << 20)) ?? []
        let banner = Banner(
            version: SluiceVersion.current,
            listeners: listed.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) },
            key: self.clientKey, configuration: self.configuration)
        if isatty(2) == 1 {
            StandardErrorSink.shared.writePlain(banner.text())
            if case .unseen = self.clientKey { self.forgetUnseenKey() }
        } else {
            self.log.info("gateway is up", banner.fields())
        }
    }

    /// The first key has been shown: from now on nobody can read it here.
    private func forgetUnseenKey() {
        do throws(StartFailure) {
            try KeyFile.unseen.remove(in: try StateDirectory(path: self.stateDirectory))
        } catch {
            self.log.error("the first key's file is still there", ["error": .string(error.message)])
        }
    }
}
