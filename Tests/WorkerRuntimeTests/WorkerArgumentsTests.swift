import Domain
import EventLog
import Platform
import Testing
import WorkerRuntime

@Suite struct WorkerArgumentsTests {
    @Test func anEdgeHasNothingButItsNumber() throws {
        let parsed = try WorkerArguments.parse(["--instance=7"], role: .edge)
        #expect(parsed.instance == 7)
        #expect(parsed.descriptors == [0, 1, 2, 3])
        let counting = try WorkerArguments.parse(["--instance=7", "--metric-page-fd=7"], role: .edge)
        #expect(counting.metricPage == 7 && counting.descriptors == [0, 1, 2, 3, 7])
    }

    @Test func controlHasItsFilesAndPath() throws {
        let parsed = try WorkerArguments.parse(
            [
                "--instance=9", "--environment-fd=4", "--in-force-fd=5", "--instance-file-fd=6",
                "--config=/etc/a=b.yaml",
            ], role: .control)
        #expect(parsed.configuration == "/etc/a=b.yaml")
        #expect(parsed.environment == 4 && parsed.inForce == 5 && parsed.instanceFile == 6)
        #expect(parsed.descriptors == [0, 1, 2, 3, 4, 5, 6])
    }

    @Test(arguments: [
        [], ["--instance=0"], ["--instance=+1"], ["--instance=1x"], ["--instance="], ["--instance=16777216"],
        ["--instance=99999999999"], ["instance=1"], ["--instance"], ["--instance=1", "--instance=1"],
        ["--instance=1", "--other=1"], ["--instance=1", "--environment-fd=4"], ["--instance=1", "--listeners=1"],
        ["--instance=1", "--config=/x"], ["--instance=1", "--metric-page-fd=3"],
    ])
    func everythingElseIsRefused(arguments: [String]) {
        let failure = #expect(throws: StartFailure.self) { try WorkerArguments.parse(arguments, role: .edge) }
        #expect(failure?.code == 70)
        #expect(failure?.message.hasPrefix("sluice-edge: ") == true)
    }

    @Test func aWorkerIsToldWhatToConfineItselfTo() throws {
        let parsed = try WorkerArguments.parse(
            ["--instance=1", "--state=/var/s", "--trust=/etc/a", "--trust=/etc/b", "--user=901:902:903"],
            role: .upstream)
        let server = try WorkerArguments.parse(
            ["--instance=1", "--state=/var/s", "--server", "--trust=/etc/pg"], role: .aggregator)
        #expect(server.hasServer && server.trustFolders == ["/etc/pg"] && !parsed.hasServer)
        for role in Role.allCases where role != .aggregator {
            #expect(throws: StartFailure.self) { try WorkerArguments.parse(["--instance=1", "--server"], role: role) }
        }
        #expect(parsed.state == "/var/s" && parsed.trustFolders == ["/etc/a", "/etc/b"])
        #expect(parsed.user == ProcessUser(user: 901, group: 902, groups: [903]))
        #expect(try WorkerArguments.parse(["--instance=1"], role: .edge).user == nil)
    }

    @Test(arguments: [
        "--state=relative", "--state=", "--trust=/etc", "--user=901", "--user=a:b", "--user=901:", "--user=+1:2",
        "--user=4294967296:1", "--user=1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19",
    ])
    func badConfinementIsRefused(argument: String) {
        #expect(throws: StartFailure.self) {
            try WorkerArguments.parse(["--instance=1", argument], role: .edge)
        }
    }

    @Test func twoUsesOfOneDescriptorAreRefused() {
        #expect(throws: StartFailure.self) {
            try WorkerArguments.parse(["--instance=1", "--environment-fd=4", "--in-force-fd=4"], role: .control)
        }
    }

    @Test func descriptorsMustBeExactlyTheAnnouncedOnes() throws {
        let parsed = try WorkerArguments.parse(["--instance=1"], role: .upstream)
        try parsed.verifyDescriptors(open: [0, 1, 2, 3])
        for open in [[0, 1, 2], [0, 1, 2, 3, 4], [0, 1, 2, 4]] as [[Int32]] {
            #expect(throws: StartFailure.self) { try parsed.verifyDescriptors(open: open) }
        }
    }
}
