import Domain
import Routing

/// What a request is, by the wish of a test; counts what it is asked for.
final class FakeContext: RouteContext {
    var asked = AskedTier.none
    var characters: UInt32 = 0
    var sticky: UInt64?
    var next: () -> UInt64 = { 0 }
    var costs: (Target) -> Int64? = { _ in nil }
    private(set) var questions = 0
    private(set) var header: [UInt8] = []

    init(sticky: UInt64? = nil, next: @escaping () -> UInt64 = { 0 }) {
        self.sticky = sticky
        self.next = next
    }

    func askedTier(_ header: [UInt8]) -> AskedTier {
        self.questions += 1
        self.header = header
        return self.asked
    }

    func hasPrompt(of characters: UInt32) -> Bool {
        self.questions += 1
        return self.characters >= characters
    }

    func stickyHash(_ sticky: RouteTable.Sticky) -> UInt64? {
        self.questions += 1
        return self.sticky
    }

    func random() -> UInt64 {
        self.questions += 1
        return self.next()
    }

    func cost(of target: Target) -> Int64? {
        self.questions += 1
        return self.costs(target)
    }
}
