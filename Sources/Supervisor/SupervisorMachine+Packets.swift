import Domain
import IPC

/// What children say.
extension SupervisorMachine {
    /// One packet with its descriptors.
    mutating func received(
        _ seat: Seat, _ packet: [UInt8], descriptors: [Int32], at now: UInt64
    ) -> [SupervisorAction] {
        guard let slot = self.slots[seat], slot.isReachable else {
            self.close(descriptors)
            return self.take()
        }
        do {
            try self.understand(seat, packet, descriptors, at: now)
        } catch {
            self.close(descriptors)
            self.kill(seat, "\(error)")
        }
        return self.take()
    }

    /// A packet that was too large, or had too many descriptors (which are closed already).
    mutating func receivedOversized(_ seat: Seat) -> [SupervisorAction] {
        self.kill(seat, "a packet is too large")
        return self.take()
    }

    private mutating func understand(
        _ seat: Seat, _ bytes: [UInt8], _ descriptors: [Int32], at now: UInt64
    ) throws(FrameError) {
        let packet = try Packet(bytes, accepting: .supervisor)
        guard descriptors.isEmpty || packet.type == .topology else { throw .malformed(packet.type) }
        guard var slot = self.slots[seat] else { return }
        switch packet.type {
        case .hello:
            let hello: Hello = try packet.message()
            let build = self.generation(of: seat)?.build
            guard WireLimits.controlProtocols.contains(hello.protocolVersion), hello.role == seat.role,
                hello.instance == slot.instance, build.map({ $0 == hello.build }) ?? (seat.role == .control)
            else { throw .wrongPeer }
            guard slot.greeted() else { throw .unexpectedType(.hello) }
            if build == nil { self.changeGeneration(seat.generation) { $0.build = hello.build } }
            self.slots[seat] = slot
            self.equip(seat, slot, at: now)
        case .heartbeat:
            let beat: Heartbeat = try packet.message()
            guard slot.beat(beat.sequence, activeRequests: beat.activeRequests) else { throw .malformed(.heartbeat) }
            self.slots[seat] = slot
        case .snapshotAcknowledged where seat.role != .control:
            let answer: SnapshotAcknowledged = try packet.message()
            if answer.refusal == nil { self.slots[seat]?.version = answer.version }
            // It may have adopted listeners, which has cut their backlogs.
            if seat.role == .edge { self.actions.append(.restoreBacklogs) }
            let member = ReloadMachine.Member(seat: seat, instance: slot.instance)
            self.perform(
                self.reload.acknowledged(member, answer.version, refusal: answer.refusal, at: now), at: now)
        case .reloadRefused where seat == self.serving.control:
            let refusal: ReloadRefused = try packet.message()
            guard self.reload.knows(refusal.version) else { throw .malformed(.reloadRefused) }
            self.perform(self.reload.refusedByControl(refusal.version, refusal.message), at: now)
        case .order where seat == self.serving.control:
            let order: Order = try packet.message()
            self.take(order: order.kind, token: order.token, at: now)
        case .link:
            self.linkEnded(seat, slot, try packet.message())
        case .topology where seat.role == .control:
            try self.announced(seat, try packet.message(), descriptors, slot, at: now)
        case .suspects where seat.role == .aggregator:
            self.suspected(try packet.message(), at: now)
        case .quarantine where seat.role == .control:
            self.cleared(try packet.message(), at: now)
        case .ready where seat.role != .control || self.generation(of: seat)?.announcement != nil:
            slot.missing = try packet.message(Ready.self).missing
            guard slot.becameReady(at: now) else { throw .unexpectedType(.ready) }
            self.slots[seat] = slot
            if slot.state == .ready { self.childIsReady(seat, slot, at: now) }
        default:
            throw .unexpectedType(packet.type)
        }
    }

    /// Gives a child that has introduced itself what it works with.
    private mutating func equip(_ seat: Seat, _ slot: ChildSlot, at now: UInt64) {
        guard slot.takesLinks, self.stopping == nil else { return }
        guard let generation = self.generation(of: seat) else { return }
        if seat.role != .control, let version = generation.announcement?.version {
            let member = ReloadMachine.Member(seat: seat, instance: slot.instance)
            let isServing = seat.generation == self.serving.number
            self.give(seat, (isServing ? self.reload.version(forNewcomer: member) : nil) ?? version)
        }
        // Before its links, over which it is asked for what is on them.
        if seat.role == .aggregator { self.actions.append(.sendPages(seat)) }
        let isOld = generation.number != self.serving.number && !self.upgrade.hasStandby
        let able = generation.seats.filter {
            self.slots[$0]?.takesLinks == true || (isOld && self.slots[$0]?.finishesRequests == true)
        }
        for peer in LinkBroker.peers(of: seat, among: able) {
            self.actions.append(.link(seat, slot.instance, peer, self.slots[peer]?.instance ?? 0))
        }
        switch seat.role {
        case .edge, .control: self.tellQuarantines(seat, at: now)
        case .aggregator: if seat == self.serving.aggregator { self.inquireAgain() }
        case .upstream, .supervisor: break
        }
        self.sendStatus(at: now)
    }

    /// A child says that its link to a peer has ended. Mostly the peer has ended too, and gets new links when it is back; if
    /// both still live at the next beat, the link itself broke.
    private mutating func linkEnded(_ seat: Seat, _ slot: ChildSlot, _ link: LinkOffer) {
        let peers = self.generation(of: seat)?.seats ?? []
        let peer = peers.first { $0.role == link.role && self.slots[$0]?.instance == link.instance }
        guard let peer, LinkBroker.areLinked(seat.role, peer.role) else { return }
        let broken = BrokenLink(one: seat, oneInstance: slot.instance, other: peer, otherInstance: link.instance)
        if !self.brokenLinks.contains(where: { $0.isSame(as: broken) }) { self.brokenLinks.append(broken) }
    }

    /// Makes new links for those that broke between two processes that live.
    mutating func mendLinks() {
        let broken = self.brokenLinks
        self.brokenLinks = []
        guard self.stopping == nil else { return }
        for link in broken {
            guard let one = self.slots[link.one], one.takesLinks, one.instance == link.oneInstance,
                let other = self.slots[link.other], other.takesLinks, other.instance == link.otherInstance
            else { continue }
            self.actions.append(.note(.linkMended(link.one, link.oneInstance, link.other, link.otherInstance)))
            self.actions.append(.link(link.one, link.oneInstance, link.other, link.otherInstance))
        }
    }

    private mutating func announced(
        _ seat: Seat, _ announcement: TopologyAnnouncement, _ descriptors: [Int32], _ slot: ChildSlot, at now: UInt64
    ) throws(FrameError) {
        let topology = announcement.topology
        let isAnswer = slot.state == .ready && self.reload.knows(announcement.version)
        guard slot.state == .greeted || slot.state == .draining || isAnswer,
            descriptors.count == TopologyAnnouncement.descriptorCount,
            announcement.host <= 0xFF_FFFF, (1...64).contains(topology.listeners.count),
            (1...Self.maximumCount).contains(topology.edges), (1...Self.maximumCount).contains(topology.upstreams),
            topology.stateDirectory.utf8.first == UInt8(ascii: "/"), !topology.stateDirectory.utf8.contains(0)
        else { throw .malformed(.topology) }
        if isAnswer, seat == self.serving.control, self.reannounced(announcement, descriptors, at: now) { return }
        // A control that was started again runs on the configuration in force: there is nothing new in what it says.
        guard self.generation(of: seat)?.announcement == nil, self.stopping == nil else {
            return self.close(descriptors)
        }
        guard seat.generation == self.serving.number else {
            return try self.standbyAnnounced(seat, announcement, descriptors)
        }
        self.changeGeneration(seat.generation) { $0.announcement = announcement }
        self.actions.append(.adopt(announcement, descriptors: descriptors))
    }

    private mutating func close(_ descriptors: [Int32]) {
        if !descriptors.isEmpty { self.actions.append(.close(descriptors)) }
    }
}
