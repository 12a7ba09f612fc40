import Domain
import IPC
import Testing

@testable import Supervisor

@Suite struct OperationListTests {
    @Test func whatRunsIsShownBeforeWhatIsOver() throws {
        var list = OperationList()
        let begun = list.begin(.reload, token: 1, "a", at: 10)
        let first = try #require(begun)
        for token in 2...20 as ClosedRange<UInt64> {
            if let id = list.begin(.addEdge, token: token, "b", at: 20) { list.finish(id, done: "c") }
        }
        let report = list.report(at: 30)
        #expect(report.count == TreeReport.operationLimit)
        #expect(report.first == TreeReport.Operation(token: 1, kind: .reload, state: .running, message: "a", age: 20))
        #expect(report.dropFirst().map(\.token) == [14, 15, 16, 17, 18, 19, 20])
        list.finish(first, failed: "no")
        // What is over stays as it is.
        list.finish(first, done: "yes")
        #expect(list.report(at: 30).allSatisfy { $0.token != 1 })
    }

    @Test func aTokenIsTakenOnceAndTheListIsBounded() {
        var list = OperationList()
        func isTaken(_ token: UInt64) -> Bool { list.begin(.reload, token: token, "", at: 0) != nil }
        #expect(isTaken(1))
        #expect(!isTaken(1))
        for token in 2...UInt64(OperationList.limit) { #expect(isTaken(token)) }
        #expect(!isTaken(1000))
        let running = list.running(.reload)
        list.finish(running[0], done: "")
        #expect(isTaken(1000))
        list.failAll("end", but: [])
        #expect(list.running(.reload) == [])
    }
}
