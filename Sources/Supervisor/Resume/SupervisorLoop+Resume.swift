import Domain
import EventLog
import IPC
import Platform

/// How the supervisor becomes its new program without anybody noticing: the pid, the children and all that waits in sockets
/// stay; only the program changes.
extension SupervisorLoop {
    /// Becomes the program of the serving generation, once all that has been decided is done. Comes back only when that cannot
    /// be.
    func replaceSupervisor() {
        self.loop.schedule(after: 0) { [weak self] in
            guard let self, self.machine.upgrade.phase == .replacing else { return }
            self.replaceSupervisorNow()
            self.arm()
        }
    }

    private func replaceSupervisorNow() {
        let program = self.program(of: Seat(role: .supervisor, index: 0, generation: self.machine.serving.number))
        let reason = self.becomeProgram(program)
        self.perform(self.machine.supervisorReplaced(failure: reason, at: self.now))
    }

    private func becomeProgram(_ program: ProgramFile) -> String {
        guard let state = self.state() else { return "the tree is not whole" }
        let memory: OwnedDescriptor
        do throws(SystemError) {
            memory = try SealedMemory.make(name: "sluice-supervisor-state", bytes: state.encoded())
        } catch {
            return "\(error)"
        }
        let survivors = state.descriptors + [memory.number]
        for number in survivors { DescriptorList.setCloseOnExec(number, false) }
        let failure = ChildProcess.replaceThisProcess(
            path: program.path, program: program.number,
            arguments: [Role.supervisor.program, "--resume-fd=\(memory.number)"], environment: self.ownEnvironment)
        for number in survivors { DescriptorList.setCloseOnExec(number, true) }
        return "\(failure)"
    }

    /// Everything, as it is between two turns of the loop.
    private func state() -> SupervisorState? {
        let serving = self.machine.serving
        guard let snapshots = self.snapshots[serving.number], let instances = self.instances, let listeners,
            let programs = self.programs[serving.number]
        else { return nil }
        var writer = WireWriter(reserving: 8 << 10)
        self.machine.write(to: &writer)
        let children = self.children.values.map {
            SupervisorState.Child(
                seat: $0.seat, pid: $0.process.pid, process: $0.process.number, line: $0.socket.number)
        }
        return SupervisorState(
            folder: programs.folder.path, configuration: self.spawner.configuration, null: self.spawner.null,
            standardError: self.output.originalNumber, logFile: self.output.path,
            environment: self.spawner.gatewayEnvironment, children: children, listeners: listeners.sockets,
            snapshots: snapshots.numbers, instanceFile: instances.number, programs: programs.numbers,
            pages: self.pages.entries, machine: writer.bytes)
    }

    /// Takes over what the program before has left. Throws where something of it is not there: then nothing can go on.
    func resume(_ state: SupervisorState) throws(StartFailure) {
        for number in state.descriptors { DescriptorList.setCloseOnExec(number, true) }
        do {
            self.machine = try WireReader.decode(state.machine) { (reader) throws(WireReader.Malformed) in
                try SupervisorMachine(
                    from: &reader, build: self.machine.build, standbyLimit: self.machine.upgrade.standbyLimit)
            }
        } catch {
            throw StartFailure("sluice-supervisor: the state of the program before cannot be read")
        }
        let serving = self.machine.serving
        guard let announcement = serving.announcement, let store = SnapshotStore(adopting: state.snapshots) else {
            throw StartFailure("sluice-supervisor: the program before has left no snapshots")
        }
        self.snapshots = [serving.number: store]
        self.programs = [
            serving.number: ProgramFiles(ProgramFolder(path: state.folder), adopting: state.programs)
        ]
        self.pages = MetricPages(adopting: state.pages)
        self.instances = try InstanceFile(OwnedDescriptor(adopting: state.instanceFile), host: announcement.host)
        self.listeners = try ListenerSet(announcement.topology.listeners, adopting: state.listeners)
        self.runFolder = try RunFolder(stateDirectory: announcement.topology.stateDirectory)
        self.log.level = announcement.topology.logLevel
        self.log.format = announcement.topology.logFormat
        for child in state.children {
            do throws(SystemError) {
                let process = ChildProcess(adopting: child.pid, descriptor: OwnedDescriptor(adopting: child.process))
                self.children[child.seat] = try ChildConnection(
                    seat: child.seat, process: process, socket: PacketSocket(OwnedDescriptor(adopting: child.line)),
                    loop: self.loop, owner: self)
            } catch {
                throw StartFailure("sluice-supervisor: \(error)")
            }
        }
        self.isResumed = true
    }
}
