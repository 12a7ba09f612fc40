import Domain
import EventLog
import IPC
import Platform

/// What an upgrade needs done.
extension SupervisorLoop {
    /// Asks the programs that are in the folder now.
    func startPreflight() {
        let folder = self.spawner.programs
        let programs = ProgramFiles(folder)
        self.nextPrograms = programs
        let inForce = self.snapshots[self.machine.serving.number]?.inForce.number
        for role in UpgradeMachine.asked {
            do throws(SystemError) {
                let run = try PreflightRun(
                    role, program: programs.program(of: role), spawner: self.spawner, inForce: inForce, loop: self.loop
                ) { [weak self] run, answer, reason in
                    guard let self else { return }
                    self.preflights.removeAll { $0 === run }
                    self.perform(self.machine.preflighted(run.role, answer, reason: reason, at: self.now))
                    self.arm()
                }
                self.preflights.append(run)
            } catch {
                return self.perform(self.machine.preflighted(role, nil, reason: "cannot \(error)", at: self.now))
            }
        }
    }

    func stopPreflight() {
        for run in self.preflights { run.stop() }
        self.preflights = []
    }

    func adoptStandby(_ generation: UInt32, _ announcement: TopologyAnnouncement, _ descriptors: [Int32]) {
        // The instance file is the one that is here already.
        if let last = descriptors.last { _ = OwnedDescriptor(adopting: last) }
        guard let store = SnapshotStore(adopting: Array(descriptors.dropLast())) else {
            return self.perform(
                self.machine.standbyNotAdopted("the new sluice-control announced no snapshots", at: self.now))
        }
        self.snapshots[generation] = store
        self.perform(self.machine.standbyAdopted(at: self.now))
    }

    /// The program of a seat: its generation's, which on stand-by is the one that was asked.
    func program(of seat: Seat) -> ProgramFile {
        if let programs = self.programs[seat.generation] { return programs.program(of: seat.role) }
        let programs = self.nextPrograms ?? ProgramFiles(self.spawner.programs)
        self.programs[seat.generation] = programs
        self.nextPrograms = nil
        return programs.program(of: seat.role)
    }

    func forget(generation: UInt32) {
        self.snapshots[generation] = nil
        self.programs[generation] = nil
    }
}
