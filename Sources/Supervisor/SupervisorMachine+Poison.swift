import Domain
import IPC
import Platform

/// Requests that kill workers.
extension SupervisorMachine {
    /// ILL, TRAP, ABRT (also that of a loop which hung), BUS, SEGV.
    private static let faults: Set<Int32> = [4, 5, 6, 7, 11]

    /// Asks what a worker that died by its own fault was working on.
    mutating func inquire(_ seat: Seat, instance: UInt32, _ status: ChildProcess.Status) {
        guard seat.role == .edge || seat.role == .upstream, case .signal(let signal) = status,
            Self.faults.contains(signal)
        else { return }
        self.poison.died(seat.role, instance: instance)
        let aggregator = self.serving.aggregator
        guard self.slots[aggregator]?.takesLinks == true else { return }
        self.actions.append(.sendIfRoom(aggregator, OwnerDead(role: seat.role, instance: instance).frame()))
    }

    /// An aggregator that has just introduced itself has heard of none of the deaths still to be answered for.
    mutating func inquireAgain() {
        for death in self.poison.open {
            self.actions.append(
                .sendIfRoom(self.serving.aggregator, OwnerDead(role: death.role, instance: death.instance).frame()))
        }
    }

    mutating func suspected(_ suspects: Suspects, at now: UInt64) {
        let poison = self.poison.answered(
            instance: suspects.instance, fingerprints: suspects.fingerprints, at: now)
        for fingerprint in poison {
            self.actions.append(.note(.quarantined(fingerprint, milliseconds: PoisonLedger.span)))
            self.tell(Quarantine(fingerprint: fingerprint, milliseconds: PoisonLedger.span))
        }
    }

    /// An operator lets a request go.
    mutating func cleared(_ quarantine: Quarantine, at now: UInt64) {
        guard self.poison.clear(quarantine.fingerprint, at: now) else { return }
        self.actions.append(.note(.released(quarantine.fingerprint)))
        self.tell(Quarantine(fingerprint: quarantine.fingerprint, milliseconds: 0))
    }

    /// Tells a process that has just introduced itself what is quarantined.
    mutating func tellQuarantines(_ seat: Seat, at now: UInt64) {
        for (fingerprint, milliseconds) in self.poison.quarantined(at: now) {
            self.actions.append(
                .send(seat, Quarantine(fingerprint: fingerprint, milliseconds: milliseconds).frame()))
        }
    }

    /// Edges refuse such requests; control tells operators of them.
    private mutating func tell(_ quarantine: Quarantine) {
        for seat in self.seats where seat.role == .edge || seat.role == .control {
            guard self.slots[seat]?.takesLinks == true else { continue }
            self.actions.append(.send(seat, quarantine.frame()))
        }
    }
}
