import Domain
import IPC
import Platform

/// One program that is being asked whether it can take over.
final class PreflightRun: DescriptorHandler {
    private static let reasonLimit = 2048

    let role: Role
    private let process: ChildProcess
    private let answer: PlainMemory
    private let reason: PlainMemory
    private let loop: EpollLoop
    private let done: (PreflightRun, PreflightAnswer?, String) -> Void

    /// `done` is called once, when the program has ended.
    init(
        _ role: Role, program: ProgramFile, spawner: Spawner, inForce: Int32?, loop: EpollLoop,
        done: @escaping (PreflightRun, PreflightAnswer?, String) -> Void
    ) throws(SystemError) {
        self.role = role
        self.answer = try PlainMemory(name: "sluice-preflight")
        self.reason = try PlainMemory(name: "sluice-preflight-reason")
        self.loop = loop
        self.done = done
        self.process = try spawner.ask(
            role, program: program, answer: self.answer.number, reason: self.reason.number,
            inForce: role == .control ? inForce : nil)
        do throws(SystemError) {
            try loop.watch(self.process.number, for: .readable, handler: self)
        } catch {
            self.process.kill(SupervisorMachine.kill)
            self.process.waitForEnd()
            throw error
        }
    }

    var pid: Int32 { self.process.pid }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        guard let status = self.process.reap() else { return }
        self.ended(status)
    }

    /// It has ended, and was reaped.
    func ended(_ status: ChildProcess.Status) {
        self.loop.forget(self.process.number)
        let said = self.saidLines
        guard status == .code(0) else {
            return self.done(self, nil, said.isEmpty ? status.text : "\(said) (\(status.text))")
        }
        let answer = PreflightAnswer(decoding: self.answer.bytes(limit: PreflightAnswer.limit))
        self.done(self, answer, said.isEmpty ? "it gives no answer" : said)
    }

    /// Ends it without waiting for an answer.
    func stop() {
        self.process.kill(SupervisorMachine.kill)
        self.loop.forget(self.process.number)
        self.process.waitForEnd()
    }

    private var saidLines: String {
        let text = String(decoding: self.reason.bytes(limit: Self.reasonLimit), as: UTF8.self)
        return text.split(separator: "\n").joined(separator: "; ")
    }
}
