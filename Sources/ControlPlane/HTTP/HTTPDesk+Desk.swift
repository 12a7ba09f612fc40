import Administration
import Domain
import Platform

extension HTTPDesk.Office {
    /// What the desk of the administration does for HTTP.
    init(_ desk: AdministrationDesk, _ loop: EpollLoop) {
        self.init(
            authenticate: { token, then in
                desk.perform({ (bench: DeskBench) in bench.bearer(of: Secret(token)) }) { then($0.flatMap(\.self)) }
            },
            submit: { desk.submit($0, then: $1) },
            document: { desk.document(then: $0) },
            now: Clocks.monotonicNanoseconds,
            after: { loop.schedule(after: $0, $1) })
    }
}

extension AdministrationDesk {
    /// `/openapi.json`, of what is answered on the loop and what on threads.
    func document(then: @escaping (Result<[UInt8], AdministrationFailure>) -> Void) {
        let here = self.operations
        let names = Set(here.map(\.id))
        self.perform({ (bench: DeskBench) in
            let there = bench.service.table.routes.map(\.operation).filter { !names.contains($0.id) }
            return APIDocument.make(here + there, version: SluiceVersion.current)
        }) { then($0) }
    }
}
