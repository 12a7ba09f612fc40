import Administration
import Domain
import Platform

@testable import ControlPlane

/// What stands behind an `HTTPDesk`: knows one token, writes down what it is asked, and answers as told.
final class FakeOffice {
    static let token = "sluice-admin-0123456789"
    static let actor = AdministrationActor.token(
        id: EntityID(high: 1, low: 2), name: "t", role: .owner, organization: nil)

    var asked: [Administration.AdministrationRequest] = []
    var authenticated = 0
    var body = Array("{}".utf8)
    var status = 200
    var version: Int64?
    var location: String?
    /// Answers wait in `held`.
    var holds = false
    var held: [() -> Void] = []
    /// Tokens cannot be looked up.
    var failure: AdministrationFailure?
    var now: UInt64 = 1_000_000_000_000
    var delays: [UInt64] = []
    var delayed: [() -> Void] = []

    var office: HTTPDesk.Office {
        HTTPDesk.Office(
            authenticate: { token, then in
                self.authenticated += 1
                if let failure = self.failure { return then(.failure(failure)) }
                then(.success(token.elementsEqual(Self.token.utf8) ? Self.actor : nil))
            },
            submit: { request, then in
                if let fault = request.fault { return then(AdministrationReply(fault)) }
                self.asked.append(request)
                let answer = {
                    then(
                        AdministrationReply(
                            status: self.status, body: self.body, version: self.version, location: self.location))
                }
                if self.holds { self.held.append(answer) } else { answer() }
            },
            methods: { $0 == ["keys"] ? $1(.success([.delete, .get])) : $1(.success([])) },
            document: { $0(.success(Array(#"{"openapi":"3.1.0"}"#.utf8))) }, now: { self.now },
            after: { delay, then in
                self.delays.append(delay)
                self.delayed.append(then)
            })
    }
}
