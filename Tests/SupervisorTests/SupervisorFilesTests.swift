import Domain
import Glibc
import EventLog
import Platform
import Testing

@testable import Supervisor

@Suite struct SupervisorFilesTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private func file(_ name: String, _ bytes: [UInt8]) -> Int32 {
        let number = unsafe open("\(self.folder.path)/\(name)", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        #expect(bytes.isEmpty || ImmediateOutput.write(bytes, to: number))
        return number
    }

    private func bytes(_ number: Int32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = unsafe pread(number, &bytes, bytes.count, 0)
        return Array(bytes.prefix(max(0, count)))
    }

    private static func instance(host: UInt8, counter: [UInt8]) -> [UInt8] {
        Array("SLI1".utf8) + [0, 0, 0, host] + counter + [0, 0, 0, 0]
    }

    @Test func instanceNumbersGoUpOnDisk() throws {
        let number = self.file("instance", Self.instance(host: 9, counter: [0, 0, 0, 255]))
        let copy = OwnedDescriptor(adopting: dup(number))
        let instances = try InstanceFile(OwnedDescriptor(adopting: number), host: 9)
        #expect(try instances.next() == 256)
        #expect(self.bytes(copy.number) == Self.instance(host: 9, counter: [0, 0, 1, 0]))
        #expect(try instances.next() == 257)
        #expect(self.bytes(copy.number) == Self.instance(host: 9, counter: [0, 0, 1, 1]))
    }

    @Test func usedUpNumbersAreNotUsedAgain() throws {
        let number = self.file("instance", Self.instance(host: 9, counter: [0, 0xFF, 0xFF, 0xFE]))
        let instances = try InstanceFile(OwnedDescriptor(adopting: number), host: 9)
        #expect(try instances.next() == 0xFF_FFFF)
        #expect(throws: StartFailure.self) { _ = try instances.next() }
    }

    @Test func aDamagedFileIsRefused() {
        let good = Self.instance(host: 9, counter: [0, 0, 0, 1])
        var wrongMagic = good
        wrongMagic[0] = 0
        for (index, bytes) in [
            [], Array(good.dropLast()), wrongMagic, Self.instance(host: 8, counter: [0, 0, 0, 1]),
            Self.instance(host: 9, counter: [1, 0, 0, 0]),
        ].enumerated() {
            let number = self.file("instance\(index)", bytes)
            #expect(throws: StartFailure.self) {
                _ = try InstanceFile(OwnedDescriptor(adopting: number), host: 9)
            }
        }
    }

    @Test func theRunFolderIsPrivateAndHoldsTheAddresses() throws {
        let run = try RunFolder(stateDirectory: self.folder.path)
        try run.write(listeners: ["127.0.0.1:80", "[::1]:80"])
        try run.write(listeners: ["127.0.0.1:81", "[::1]:81"])
        try run.write(processID: 77)
        var info = stat()
        #expect(unsafe stat("\(self.folder.path)/run", &info) == 0)
        #expect(info.st_mode & 0o777 == 0o700)
        let path = "\(self.folder.path)/run/listeners"
        do {
            let file = OwnedDescriptor(adopting: unsafe open(path, O_RDONLY | O_CLOEXEC))
            #expect(String(decoding: self.bytes(file.number), as: UTF8.self) == "127.0.0.1:81\n[::1]:81\n")
        }
        do {
            let pid = OwnedDescriptor(
                adopting: unsafe open("\(self.folder.path)/run/supervisor.pid", O_RDONLY | O_CLOEXEC))
            #expect(String(decoding: self.bytes(pid.number), as: UTF8.self) == "77\n")
        }
        run.clear()
        #expect(unsafe access(path, F_OK) == -1)
        #expect(unsafe rmdir("\(self.folder.path)/run") == 0)
    }

    @Test func aRunFolderThatIsNoneIsRefused() {
        close(self.file("run", []))
        let failure = #expect(throws: StartFailure.self) { _ = try RunFolder(stateDirectory: self.folder.path) }
        #expect(failure?.message.contains("\(self.folder.path)/run") == true)
        #expect(throws: StartFailure.self) { _ = try RunFolder(stateDirectory: "\(self.folder.path)/none") }
    }

    @Test func aTakenPortIsNamed() throws {
        let first = try ListenerSet([
            ListenerSettings(.ipv4(address: [127, 0, 0, 1], port: 0)),
            ListenerSettings(.unix(path: "\(self.folder.path)/s")),
        ])
        #expect(first.names.count == 2)
        #expect(first.names[1] == "unix:\(self.folder.path)/s")
        let port = try #require(first.names[0].split(separator: ":").last.flatMap { UInt16($0) })
        let failure = #expect(throws: StartFailure.self) {
            _ = try ListenerSet([ListenerSettings(.ipv4(address: [127, 0, 0, 1], port: port))])
        }
        #expect(failure?.message == "cannot listen on 127.0.0.1:\(port): Address already in use")
        #expect(failure?.code == 70)
    }

    @Test func addressesAreNamedAsTheyWereAsked() {
        #expect(ListenerSet.text(.ipv4(address: [10, 0, 0, 1], port: 80)) == "10.0.0.1:80")
        let loopback = Array(repeating: UInt8(0), count: 15) + [1]
        #expect(ListenerSet.text(.ipv6(address: loopback, scope: 0, port: 80)) == "[0:0:0:0:0:0:0:1]:80")
        #expect(ListenerSet.text(.unix(path: "/a")) == "unix:/a")
        #expect(ListenerSet.text(.inherited(descriptor: 3)) == "fd:3")
    }

    @Test func aMissingSiblingIsNamed() {
        for name in ["sluice-control", "sluice-aggregator", "sluice-edge"] {
            let number = self.file(name, [])
            fchmod(number, 0o700)
            close(number)
        }
        let failure = #expect(throws: StartFailure.self) { try ProgramFolder(path: self.folder.path).verify() }
        #expect(failure?.message == "sluice: \(self.folder.path)/sluice-upstream: No such file or directory")
    }

    @Test func theSupervisorsArgumentsAreStrict() throws {
        let parsed = try SupervisorArguments.parse(["--environment-fd=7", "--config=/a=b"])
        #expect(parsed == SupervisorArguments(environment: 7, configuration: "/a=b"))
        for arguments in [
            [], ["--config=/a"], ["--environment-fd=2"], ["--environment-fd=x"], ["--environment-fd="],
            ["--environment-fd=7", "--environment-fd=8"], ["--environment-fd=7", "--config=a"],
            ["--environment-fd=7", "--other"], ["--environment-fd=7", "extra"], ["--environment-fd=9999999"],
        ] {
            #expect(throws: StartFailure.self) { try SupervisorArguments.parse(arguments) }
        }
    }

    @Test func theWatchdogIsOnlyFedWhenItIsOurs() {
        func interval(_ variables: [String: String]) -> UInt64? {
            ServiceNotifier(processID: 10) { variables[$0] }.watchdogInterval
        }
        #expect(interval([:]) == nil)
        #expect(interval(["NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "2000000"]) == 1_000_000_000)
        #expect(interval(["NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "10"]) == 1_000_000_000)
        #expect(interval(["NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "11"]) == nil)
        #expect(interval(["NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "0"]) == nil)
        #expect(interval(["NOTIFY_SOCKET": "/n", "WATCHDOG_USEC": "x"]) == nil)
        #expect(interval(["WATCHDOG_USEC": "2000000"]) == nil)
    }

    @Test func theChildrensEnvironmentIsFixed() {
        #if !SLUICE_TEST_HOOKS
        #expect(SupervisorProgram.childEnvironment { _ in "x" } == ["SWIFT_BACKTRACE=enable=no"])
        #else
        #expect(SupervisorProgram.childEnvironment { _ in nil } == ["SWIFT_BACKTRACE=enable=no"])
        #expect(
            SupervisorProgram.childEnvironment { "\($0)!" }
                == [
                    "SWIFT_BACKTRACE=SWIFT_BACKTRACE!", "ASAN_OPTIONS=ASAN_OPTIONS!", "TSAN_OPTIONS=TSAN_OPTIONS!",
                    "SLUICE_SECCOMP=SLUICE_SECCOMP!", "SLUICE_IMAGES=SLUICE_IMAGES!",
                    "SLUICE_PROVIDERS=SLUICE_PROVIDERS!",
                ])
        #endif
    }
}
