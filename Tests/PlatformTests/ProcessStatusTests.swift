import Testing

@testable import Platform

@Suite struct ProcessStatusTests {
    @Test func fieldsAreFound() {
        let status = ProcessStatus(text: "Name:\tx\nThreads:\t3\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n")
        #expect(status.seccomp == 2 && status.noNewPrivileges && status.threads == 3)
    }

    @Test(arguments: ["", "\n\n", "Seccomp", "Seccomp:\nNoNewPrivs:\t2", "Seccomp:\tx"])
    func nothingIsMissed(_ text: String) {
        let status = ProcessStatus(text: text)
        #expect(status.seccomp == 0 && !status.noNewPrivileges)
    }

    @Test func theKernelTellsOfThisProcess() {
        #expect((ProcessStatus.current()?.threads ?? 0) >= 1)
    }

    @Test func usersAreFoundByName() {
        #expect(ProcessUser.named("root") == ProcessUser(user: 0, group: 0))
        #expect(ProcessUser.named("no-such-user-here") == nil)
    }
}
