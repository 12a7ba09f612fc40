import Domain
import IPC
import Testing

@Suite struct LinkMachineTests {
    private static let build: [UInt8] = [1]

    private func machine() -> LinkMachine {
        LinkMachine(
            hello: Hello(role: .upstream, instance: 2, build: Self.build), peerRole: .edge, peerInstance: 5,
            accepting: .upstream)
    }

    private func receive(_ frame: [UInt8], by machine: inout LinkMachine) throws(FrameError) -> LinkMachine.Action {
        let result: Result<LinkMachine.Action, FrameError> = unsafe frame.withUnsafeBytes { bytes in
            do throws(FrameError) {
                guard let header = unsafe try FrameHeader(bytes, accepting: machine.accepted) else {
                    return .failure(.malformed(.hello))
                }
                return .success(
                    unsafe try machine.received(header, UnsafeRawBufferPointer(rebasing: bytes[16...])))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func data(_ type: FrameType, _ count: Int, stream: UInt64 = 1) -> [UInt8] {
        var frame: [UInt8] = []
        FrameHeader(type: type, stream: stream, length: UInt32(count)).append(to: &frame)
        return frame + [UInt8](repeating: 7, count: count)
    }

    private func open() throws -> LinkMachine {
        var machine = self.machine()
        let action = try self.receive(Hello(role: .edge, instance: 5, build: Self.build).frame(), by: &machine)
        #expect(action == .opened)
        #expect(machine.isOpen)
        return machine
    }

    @Test func nothingComesBeforeHello() {
        var machine = self.machine()
        for frame in [Credit(bytes: 1).frame(), self.data(.body, 1), SampleMessages.request.frame(stream: 1)] {
            #expect(throws: FrameError.helloExpected) { try self.receive(frame, by: &machine) }
        }
        #expect(!machine.isOpen)
    }

    @Test func helloComesOnce() throws {
        var machine = try self.open()
        #expect(throws: FrameError.helloExpected) {
            try self.receive(Hello(role: .edge, instance: 5, build: Self.build).frame(), by: &machine)
        }
    }

    @Test(arguments: [
        Hello(role: .upstream, instance: 5, build: [1]), Hello(role: .edge, instance: 6, build: [1]),
        Hello(role: .edge, instance: 5, build: [2]),
        Hello(protocolVersion: 99, role: .edge, instance: 5, build: [1]),
    ])
    func anotherPeerIsRefused(hello: Hello) {
        var machine = self.machine()
        #expect(throws: FrameError.wrongPeer) { try self.receive(hello.frame(), by: &machine) }
    }

    @Test func dataIsCountedAndHalfAWindowIsReturned() throws {
        var machine = try self.open()
        let pieces = WireLimits.linkWindow / WireLimits.data
        var returned = 0
        for _ in 0..<(3 * pieces) {
            guard case .deliver(let credit) = try self.receive(self.data(.body, WireLimits.data), by: &machine) else {
                Issue.record("data was not delivered")
                return
            }
            returned += Int(credit ?? 0)
        }
        #expect(returned >= 3 * WireLimits.linkWindow - WireLimits.linkWindow / 2)
    }

    @Test func linkCreditOpensTheSendWindow() throws {
        var machine = try self.open()
        #expect(machine.takeSendWindow(upTo: WireLimits.linkWindow) == WireLimits.linkWindow)
        #expect(machine.sendWindow == 0)
        #expect(try self.receive(Credit(bytes: 9).frame(), by: &machine) == .linkCredited)
        #expect(machine.sendWindow == 9)
        #expect(try self.receive(Credit(bytes: 9).frame(stream: 1), by: &machine) == .deliver(returnCredit: nil))
        #expect(machine.sendWindow == 9)
        #expect(throws: FrameError.windowExceeded) {
            try self.receive(Credit(bytes: UInt32(WireLimits.linkWindow)).frame(), by: &machine)
        }
    }

    @Test func aCancelThatOvertookItsRequestFollowsIt() throws {
        var machine = try self.open()
        let cancel = self.data(.cancel, 0, stream: 2)
        #expect(try self.receive(cancel, by: &machine) == .ignore)
        #expect(
            try self.receive(SampleMessages.request.frame(stream: 1), by: &machine) == .deliver(returnCredit: nil))
        #expect(try self.receive(SampleMessages.request.frame(stream: 2), by: &machine) == .deliverCancelled)
        #expect(
            try self.receive(SampleMessages.request.frame(stream: 3), by: &machine) == .deliver(returnCredit: nil))
        #expect(try self.receive(self.data(.cancel, 0, stream: 3), by: &machine) == .deliver(returnCredit: nil))
    }

    @Test func attemptsAreAskedForAndGrantedOnStreamsThatHaveBegun() throws {
        var machine = try self.open()
        _ = try self.receive(SampleMessages.request.frame(stream: 5), by: &machine)
        for stream: UInt64 in [0, 6, .max] {
            #expect(throws: FrameError.malformed(.grant)) {
                try self.receive(Grant(allowed: true).frame(stream: stream), by: &machine)
            }
        }
        // Whether the stream is still open its owner knows.
        for stream: UInt64 in [1, 5] {
            let action = try self.receive(Grant(allowed: true).frame(stream: stream), by: &machine)
            #expect(action == .deliver(returnCredit: nil))
        }
        let attempt = FurtherAttempt(call: 0, number: 2, reason: .resend)
        #expect(throws: FrameError.unexpectedType(.attempt)) {
            try self.receive(attempt.frame(stream: 5), by: &machine)
        }
        var client = LinkMachine(
            hello: Hello(role: .edge, instance: 5, build: Self.build), peerRole: .upstream, peerInstance: 2,
            accepting: .upstreamClient)
        _ = try self.receive(Hello(role: .upstream, instance: 2, build: Self.build).frame(), by: &client)
        #expect(try self.receive(attempt.frame(stream: 5), by: &client) == .deliver(returnCredit: nil))
        #expect(throws: FrameError.malformed(.attempt)) { try self.receive(attempt.frame(), by: &client) }
        #expect(throws: FrameError.unexpectedType(.grant)) {
            try self.receive(Grant(allowed: true).frame(stream: 5), by: &client)
        }
    }

    @Test func streamNumbersOnlyGoUp() throws {
        var machine = try self.open()
        _ = try self.receive(SampleMessages.request.frame(stream: 5), by: &machine)
        for stream: UInt64 in [0, 4, 5] {
            #expect(throws: FrameError.malformed(.request)) {
                try self.receive(SampleMessages.request.frame(stream: stream), by: &machine)
            }
        }
    }
}
