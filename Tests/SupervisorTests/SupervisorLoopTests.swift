import Domain
import Glibc
import EventLog
import Platform
import Synchronization
import Testing

@testable import Supervisor

private final class CollectingSink: LogSink {
    private let collected = Mutex<[String]>([])

    func write(_ line: [UInt8]) { self.collected.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }

    func has(_ text: String) -> Bool { self.collected.withLock { $0.contains { $0.contains(text) } } }
}

/// The shell around the machine, with real processes: shell scripts in the place of the programs.
@Suite(.serialized) struct SupervisorLoopTests {
    private let folder: TemporaryFolder
    private let sink = CollectingSink()
    private let environment: OwnedDescriptorBox
    private let null: OwnedDescriptorBox

    private final class OwnedDescriptorBox {
        let descriptor: OwnedDescriptor
        init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
    }

    init() throws {
        self.folder = try TemporaryFolder()
        self.environment = OwnedDescriptorBox(try SealedMemory.make(name: "environment", bytes: Array("A=b\0".utf8)))
        self.null = OwnedDescriptorBox(OwnedDescriptor(adopting: unsafe open("/dev/null", O_RDWR | O_CLOEXEC)))
    }

    /// Puts a script in the place of control.
    private func control(_ script: String) throws {
        let path = "\(self.folder.path)/sluice-control"
        let file = OwnedDescriptor(adopting: unsafe open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o700))
        #expect(ImmediateOutput.write(Array("#!/bin/sh\n\(script)\n".utf8), to: file.number))
    }

    private func run(signals: SignalDescriptor? = nil, configuration: String? = nil) throws -> (Int32, [String]) {
        var said: [String] = []
        let loop = try SupervisorLoop(
            spawner: Spawner(
                programs: ProgramFolder(path: self.folder.path), environment: ["X=y"], configuration: configuration,
                null: self.null.descriptor.number, gatewayEnvironment: self.environment.descriptor.number),
            signals: try signals ?? SignalDescriptor([SIGTTOU]),
            notifier: ServiceNotifier(processID: getpid()) { _ in nil },
            log: Log(role: .supervisor, level: .debug, sink: self.sink),
            output: try LogOutput(number: self.null.descriptor.number), processID: getpid(), build: [1],
            say: { said.append($0) })
        return (try loop.run(), said)
    }

    /// A script that reads two packets and ends. Its end of the socket does not block, and it may be faster than the
    /// supervisor: a read that finds nothing fails and is made again.
    private static func takingTwoPackets(into file: String) -> String {
        """
        for packet in 1 2; do
            until /bin/dd bs=1000 count=1 <&3 >>\(file) 2>/dev/null; do /bin/sleep 0.01; done
        done
        exit 0
        """
    }

    private func text(of file: String) -> String {
        let descriptor = OwnedDescriptor(adopting: unsafe open("\(self.folder.path)/\(file)", O_RDONLY | O_CLOEXEC))
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe read(descriptor.number, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    @Test func controlGetsExactlyItsDescriptorsArgumentsAndEnvironment() throws {
        try self.control(
            """
            PATH=/usr/bin:/bin
            cd \(self.folder.path)
            for fd in 0 1 2 3 4 5 6 7 8 9; do [ -e /proc/self/fd/$fd ] && [ $fd != 10 ] && echo $fd; done >fds
            readlink /proc/self/fd/0 >>fds
            echo "$0 $*" >arguments
            tr '\\0' '\\n' </proc/$$/environ >variables
            cat /proc/self/fd/4 >gateway
            exit 75
            """)
        let (code, said) = try self.run(configuration: "/etc/sluice.yaml")
        #expect(code == 75)
        // Control says itself what is wrong.
        #expect(said == [])
        let lines = Set(self.text(of: "fds").split(separator: "\n").map(String.init))
        #expect(lines.isSuperset(of: ["0", "1", "2", "3", "4", "7", "/dev/null"]))
        #expect(lines.isDisjoint(with: ["5", "6", "8", "9"]))
        let arguments = " --instance=1 --environment-fd=4 --config=/etc/sluice.yaml --metric-page-fd=7\n"
        #expect(self.text(of: "arguments").hasSuffix(arguments))
        #expect(self.text(of: "variables") == "X=y\n")
        #expect(self.text(of: "gateway") == "A=b\0")
    }

    @Test func aBrokenProgramIsNamed() throws {
        let (code, said) = try self.run()
        #expect(code == 70)
        #expect(said == ["sluice: cannot start \(self.folder.path)/sluice-control: No such file or directory"])
    }

    @Test func aChildThatTalksNonsenseIsKilledAndReplaced() throws {
        try self.control(
            """
            cd \(self.folder.path)
            if [ -e again ]; then exit 71; fi
            : >again
            echo nonsense >&3
            exec /bin/sleep 1000
            """)
        let (code, _) = try self.run()
        #expect(code == 71)
        #expect(self.sink.has(#""message":"child broke the protocol, killing it","child":"control""#))
        #expect(self.sink.has(#""message":"child ended, restarting","child":"control","child_instance":1,"signal":9"#))
    }

    @Test func aStopReachesTheChildren() throws {
        // HELLO and DRAIN.
        try self.control(Self.takingTwoPackets(into: "\(self.folder.path)/packets"))
        let signals = try SignalDescriptor([SIGTERM])
        pthread_kill(pthread_self(), SIGTERM)
        let (code, said) = try self.run(signals: signals)
        #expect(code == 0)
        #expect(said == [])
        #expect(self.sink.has(#""message":"stopping","how":"drain""#))
        #expect(self.sink.has(#""message":"child ended","child":"control","child_instance":1,"exit":0"#))
        #expect(self.sink.has(#""message":"stopped""#))
        // HELLO is 32 bytes with this build, DRAIN 24.
        var info = stat()
        #expect(unsafe stat("\(self.folder.path)/packets", &info) == 0)
        #expect(info.st_size == 56)
    }

    @Test func aReloadWaitsForTheTree() throws {
        try self.control(Self.takingTwoPackets(into: "/dev/null"))
        let signals = try SignalDescriptor([SIGHUP, SIGINT])
        pthread_kill(pthread_self(), SIGHUP)
        pthread_kill(pthread_self(), SIGINT)
        #expect(try self.run(signals: signals).0 == 0)
        #expect(!self.sink.has("reading the configuration again"))
        #expect(self.sink.has(#""message":"stopping","how":"fast""#))
    }
}
