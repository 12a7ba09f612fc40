import Domain
import EventLog
import Glibc
import IPC
import Platform
import Testing

@testable import Supervisor

/// What a reload opens and closes.
@Suite struct ProposalTests {
    private let folder: TemporaryFolder

    init() throws {
        self.folder = try TemporaryFolder()
    }

    private static func any(_ port: UInt16 = 0) -> ListenerSettings {
        ListenerSettings(.ipv4(address: [127, 0, 0, 1], port: port))
    }

    private func unix(_ name: String, tls: ListenerSettings.TLSFiles? = nil) -> ListenerSettings {
        ListenerSettings(.unix(path: "\(self.folder.path)/\(name)"), tls: tls)
    }

    private func exists(_ name: String) -> Bool { unsafe access("\(self.folder.path)/\(name)", F_OK) == 0 }

    private func write(_ name: String, _ text: String) {
        let flags = O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC
        let file = OwnedDescriptor(adopting: unsafe open("\(self.folder.path)/\(name)", flags, 0o600))
        #expect(text.isEmpty || ImmediateOutput.write(Array(text.utf8), to: file.number))
    }

    private func text(_ name: String) -> String {
        let file = OwnedDescriptor(
            adopting: unsafe open("\(self.folder.path)/\(name)", O_RDONLY | O_CLOEXEC))
        return Self.text(file.number)
    }

    private static func text(_ number: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = unsafe pread(number, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    // MARK: Listeners

    @Test func whatIsOpenStaysTheSameSocket() throws {
        var old: ListenerSet? = try ListenerSet([Self.any(), self.unix("a")])
        let (numbers, names) = (old?.descriptors ?? [], old?.names ?? [])
        var new: ListenerSet? = try ListenerSet([self.unix("b"), Self.any()], keeping: old)
        #expect(new?.descriptors.last == numbers.first)
        #expect(new?.names.last == names.first)
        #expect(new?.entries.map(\.hasTLS) == [false, false])
        old = nil
        // What only the old one had is closed, and its file is gone.
        #expect(!self.exists("a"))
        #expect(self.exists("b"))
        new = nil
        #expect(!self.exists("b"))
    }

    @Test func whatIsGivenUpClosesOnlyItsOwn() throws {
        let old = try ListenerSet([Self.any(), self.unix("a")])
        var new: ListenerSet? = try ListenerSet([Self.any(), self.unix("b")], keeping: old)
        #expect(new != nil && self.exists("b"))
        new = nil
        #expect(!self.exists("b"))
        #expect(self.exists("a"))
        #expect(old.descriptors.allSatisfy { fcntl($0, F_GETFD) >= 0 })
    }

    @Test func twoOfOneTextAreTwo() throws {
        let set = try ListenerSet([Self.any(), Self.any()])
        #expect(set.entries.map(\.name) == ["127.0.0.1:0", "127.0.0.1:0#2"])
        #expect(Set(set.names).count == 2)
        let again = try ListenerSet([Self.any(), Self.any()], keeping: set)
        #expect(again.descriptors == set.descriptors)
    }

    @Test func anInheritedSocketIsTakenAtTheStartOnly() throws {
        let old = try ListenerSet([Self.any()])
        let failure = #expect(throws: StartFailure.self) {
            _ = try ListenerSet([ListenerSettings(.inherited(descriptor: 3))], keeping: old)
        }
        #expect(failure?.message.contains("needs a restart") == true)
    }

    // MARK: Certificates

    @Test func certificatesAreOpenedAnewAndThroughLinks() throws {
        self.write("cert-1", "one")
        self.write("key", "secret")
        #expect(unsafe symlink("\(self.folder.path)/cert-1", "\(self.folder.path)/cert") == 0)
        let files = ListenerSettings.TLSFiles(
            certificate: "\(self.folder.path)/cert", key: "\(self.folder.path)/key")
        let old = try ListenerSet([self.unix("s", tls: files)])
        #expect(old.entries.map(\.hasTLS) == [true])
        #expect(old.urls == ["https://unix:\(self.folder.path)/s"])
        try #require(old.descriptors.count == 3)
        #expect(Self.text(old.descriptors[1]) == "one")
        #expect(Self.text(old.descriptors[2]) == "secret")
        self.write("cert-2", "two")
        #expect(unsafe unlink("\(self.folder.path)/cert") == 0)
        #expect(unsafe symlink("\(self.folder.path)/cert-2", "\(self.folder.path)/cert") == 0)
        let new = try ListenerSet([self.unix("s", tls: files)], keeping: old)
        #expect(new.descriptors[0] == old.descriptors[0])
        #expect(Self.text(new.descriptors[1]) == "two")
        #expect(Self.text(old.descriptors[1]) == "one")
    }

    @Test func whatCannotBeACertificateIsNamed() throws {
        self.write("key", "secret")
        self.write("large", "")
        #expect(unsafe truncate("\(self.folder.path)/large", 1 << 20 + 1) == 0)
        #expect(unsafe mkfifo("\(self.folder.path)/pipe", 0o600) == 0)
        for (name, word) in [
            ("none", "No such file"), ("large", "larger than 1 MiB"), ("pipe", "no regular file"),
            ("", "no regular file"),
        ] {
            let files = ListenerSettings.TLSFiles(
                certificate: "\(self.folder.path)/\(name)", key: "\(self.folder.path)/key")
            let failure = #expect(throws: StartFailure.self) { _ = try ListenerSet([self.unix("s", tls: files)]) }
            #expect(failure?.message.contains(word) == true)
            #expect(failure?.message.contains("\(self.folder.path)/\(name)") == true)
            #expect(!self.exists("s"))
        }
    }

    // MARK: The log

    @Test func theLogGoesToAFileAndBack() throws {
        self.write("standard", "")
        let standard = unsafe open("\(self.folder.path)/standard", O_WRONLY | O_APPEND | O_CLOEXEC)
        let output = try LogOutput(number: standard)
        let path = "\(self.folder.path)/log"
        try output.use(output.open(path).number, path: path)
        #expect(ImmediateOutput.write(Array("a\n".utf8), to: standard))
        output.say("for people")
        // It is moved away; what is written goes on there until it is reopened.
        #expect(unsafe rename(path, "\(path).1") == 0)
        #expect(ImmediateOutput.write(Array("b\n".utf8), to: standard))
        try output.use(output.open(output.path).number, path: output.path)
        #expect(ImmediateOutput.write(Array("c\n".utf8), to: standard))
        try output.use(output.open(nil).number, path: nil)
        #expect(ImmediateOutput.write(Array("d\n".utf8), to: standard))
        #expect(self.text("log.1") == "a\nb\n")
        #expect(self.text("log") == "c\n")
        #expect(self.text("standard") == "for people\nd\n")
        var info = stat()
        #expect(unsafe stat(path, &info) == 0)
        #expect(info.st_mode & 0o137 == 0)
        let failure = #expect(throws: StartFailure.self) { _ = try output.open("\(self.folder.path)/none/log") }
        #expect(failure?.message.contains("cannot open the log") == true)
        close(standard)
        for name in ["log", "log.1"] { _ = unsafe unlink("\(self.folder.path)/\(name)") }
    }

    // MARK: As a whole

    /// Numbers far above those that tests beside this one get.
    private func memories(_ count: Int) throws -> [Int32] {
        try (0..<count).map { _ in
            let memory = try SealedMemory.make(name: "s", bytes: [1])
            return fcntl(memory.number, F_DUPFD_CLOEXEC, 900)
        }
    }

    private func announcement(_ change: (inout Topology) -> Void = { _ in }) -> TopologyAnnouncement {
        var topology = ModelTree.announcement.topology
        change(&topology)
        return TopologyAnnouncement(version: 6, host: 9, topology: topology)
    }

    @Test func aProposalThatFailsKeepsNothing() throws {
        let null = OwnedDescriptor(adopting: unsafe open("/dev/null", O_RDWR | O_CLOEXEC))
        let output = try LogOutput(number: null.number)
        for change in [
            { $0.listeners.append(ListenerSettings(.unix(path: "/nowhere/at/all"))) },
            { $0.logFile = "/nowhere/at/all" },
        ] as [(inout Topology) -> Void] {
            let descriptors = try self.memories(5)
            #expect(throws: StartFailure.self) {
                _ = try Proposal(
                    self.announcement(change), descriptors: descriptors, listeners: nil, log: output)
            }
            #expect(descriptors.allSatisfy { fcntl($0, F_GETFD) == -1 })
        }
        let few = try self.memories(3)
        #expect(throws: StartFailure.self) {
            _ = try Proposal(self.announcement(), descriptors: few, listeners: nil, log: output)
        }
        #expect(few.allSatisfy { fcntl($0, F_GETFD) == -1 })
    }
}
