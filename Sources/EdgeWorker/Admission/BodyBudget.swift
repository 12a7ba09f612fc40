/// Bounds the memory of all request bodies an edge holds. Above the limit connections stop reading until it falls.
///
/// Lives on the event loop. What is charged is what is in memory already, so the limit is exceeded by at most one read of
/// each connection.
final class BodyBudget {
    private let limit: Int
    private(set) var used = 0
    private var waiting: [ObjectIdentifier: () -> Void] = [:]

    init(limit: Int) {
        self.limit = limit
    }

    var isExceeded: Bool { self.used > self.limit }

    func charge(_ bytes: Int) {
        self.used += bytes
    }

    func release(_ bytes: Int) {
        self.used -= min(bytes, self.used)
        guard !self.isExceeded, !self.waiting.isEmpty else { return }
        let resumed = self.waiting
        self.waiting = [:]
        for resume in resumed.values { resume() }
    }

    /// Calls `resume` once when there is room again, unless `owner` forgets it before.
    func wait(_ owner: AnyObject, _ resume: @escaping () -> Void) {
        self.waiting[ObjectIdentifier(owner)] = resume
    }

    func forget(_ owner: AnyObject) {
        self.waiting[ObjectIdentifier(owner)] = nil
    }
}
