import Glibc
import Platform
import Testing

@Suite(.serialized) struct ChildProcessTests {
    /// Runs a shell command and returns what it wrote.
    private func output(
        _ command: String, environment: [String] = ["PATH=/usr/bin:/bin"], descriptors: [ChildProcess.Inherited] = []
    ) throws -> (text: String, status: ChildProcess.Status?) {
        let pair = try SocketPair(.stream)
        let child = try ChildProcess(
            path: "/bin/sh", arguments: ["sh", "-c", command], environment: environment,
            descriptors: descriptors + [.init(source: pair.second.number, target: 1)])
        let status = try Self.end(of: child)
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = unsafe recv(pair.first.number, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return (String(decoding: bytes.prefix(max(0, count)), as: UTF8.self), status)
    }

    private static func end(of child: ChildProcess) throws -> ChildProcess.Status? {
        let loop = try EpollLoop()
        var status: ChildProcess.Status?
        try loop.watch(
            child.number, for: .readable,
            handler: ClosureHandler { _, _ in
                status = child.reap()
                loop.stop()
            })
        try loop.run()
        return status
    }

    @Test func codesAndSignalsAreTold() throws {
        #expect(try self.output("exit 71").status == .code(71))
        #expect(try self.output("kill -ABRT $$").status == .signal(SIGABRT))
    }

    @Test func aMissingProgramIsSaidAtOnce() {
        let failure = #expect(throws: SystemError.self) {
            _ = try ChildProcess(path: "/nowhere/program", arguments: ["p"], environment: [], descriptors: [])
        }
        #expect(failure?.code == ENOENT)
        #expect(failure?.description == "start /nowhere/program: No such file or directory")
    }

    @Test func theEnvironmentIsExactlyTheGivenOne() throws {
        let text = try self.output("exec /usr/bin/env", environment: ["A=b", "C=d e"]).text
        let lines = Set(text.split(separator: "\n").map(String.init))
        // The shell adds PWD by itself.
        #expect(Set(lines.filter { !$0.hasPrefix("PWD=") }) == Set(["A=b", "C=d e"]))
    }

    /// Each source is another's target: duplicating in place would overwrite what is still needed.
    @Test func descriptorsAreExactlyTheGivenOnesEvenWhenTheyCross() throws {
        let (text, numbers) = try OwnDescriptors.run {
            let first = try SealedMemory.make(name: "first", bytes: Array("first ".utf8))
            let second = try SealedMemory.make(name: "second", bytes: Array("second ".utf8))
            let third = try SealedMemory.make(name: "third", bytes: Array("third".utf8))
            let numbers = [first.number, second.number, third.number].map { fcntl($0, F_DUPFD_CLOEXEC, 10) }
            defer { for number in numbers { close(number) } }
            let (a, b, c) = (numbers[0], numbers[1], numbers[2])
            let cycle: [ChildProcess.Inherited] = [
                .init(source: a, target: b), .init(source: b, target: c), .init(source: c, target: a),
            ]
            let text = try self.output(
                "cat /proc/self/fd/\(b) /proc/self/fd/\(c) /proc/self/fd/\(a); echo; ls /proc/self/fd | tr '\\n' ' '",
                descriptors: cycle
            ).text
            return (text, numbers)
        }
        // Numbers that a child may get are at most 255.
        try #require(numbers.allSatisfy { (10...255).contains($0) })
        let lines = text.split(separator: "\n")
        #expect(lines.first == "first second third")
        // 3 is the folder that ls itself reads.
        #expect(
            lines.last?.split(separator: " ").map(String.init).sorted()
                == ([0, 1, 2, 3] + numbers).map { "\($0)" }.sorted())
    }

    @Test func noSignalIsBlockedOrIgnored() throws {
        let signals = try SignalDescriptor([SIGUSR2])
        #expect(signals.next() == nil)
        pthread_kill(pthread_self(), SIGUSR2)
        #expect(signals.next() == SIGUSR2)
        #expect(signals.next() == nil)
        let text = try self.output("grep -E '^Sig(Blk|Ign)' /proc/self/status").text
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        #expect(words.count == 4)
        #expect(words.dropFirst().first == "0000000000000000")
        // 32 and 33 belong to the C library, which takes them back at the program's start.
        #expect(words.last.flatMap { UInt64($0, radix: 16) }.map { $0 & ~0x1_8000_0000 } == 0)
    }

    @Test func itCanBeKilled() throws {
        let child = try ChildProcess(
            path: "/bin/sh", arguments: ["sh", "-c", "exec sleep 1000"], environment: ["PATH=/usr/bin:/bin"],
            descriptors: [])
        #expect(child.reap() == nil)
        child.kill(SIGKILL)
        #expect(try Self.end(of: child) == .signal(SIGKILL))
        // Reaped: nobody knows any more.
        #expect(child.reap() == .code(-1))
    }
}
