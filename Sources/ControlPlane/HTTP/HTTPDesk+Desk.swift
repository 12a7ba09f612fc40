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
            methods: { desk.methods(at: $0, then: $1) },
            document: { desk.describe(version: SluiceVersion.current, then: $0) },
            now: Clocks.monotonicNanoseconds,
            after: { loop.schedule(after: $0, $1) })
    }
}
