import CLinux
import Glibc

/// A plain thread for work that may wait: a disk, a database. It gets no signals; its stack has 1 MiB.
public struct WorkerThread: Sendable {
    private let thread: pthread_t

    /// Carries the body to the thread.
    private final class Start: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    /// Starts a thread that runs `body` and ends; `name`, of at most 15 bytes, is what the kernel shows of it.
    public init(name: StaticString, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let start = unsafe Unmanaged.passRetained(Start(body))
        var thread = pthread_t()
        let code = unsafe "\(name)".withCString { name in
            unsafe sluice_start_thread(
                &thread, name,
                { context in
                    guard let context = unsafe context else { return nil }
                    unsafe Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body()
                    return nil
                }, start.toOpaque())
        }
        guard code == 0 else {
            unsafe start.release()
            throw SystemError(operation: "pthread_create", code: code)
        }
        self.thread = thread
    }

    /// Waits until the thread has ended. To be called once, unless it is detached.
    public func join() { pthread_join(self.thread, nil) }

    /// Nobody will wait for it: nothing of it is left when it has ended. To be called once.
    public func detach() { pthread_detach(self.thread) }
}
