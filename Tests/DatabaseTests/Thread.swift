import Foundation
import Synchronization

/// A thread that can be waited for.
final class Thread: Sendable {
    private let done = DispatchSemaphore(value: 0)

    static func start(_ body: @escaping @Sendable () -> Void) -> Thread {
        let thread = Thread()
        Foundation.Thread.detachNewThread {
            body()
            thread.done.signal()
        }
        return thread
    }

    func join() { self.done.wait() }
}
