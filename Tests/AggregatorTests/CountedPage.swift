import Metrics
import Platform

/// A metric page with the process that counts there, as the supervisor keeps it.
final class CountedPage {
    private let number: Int32
    private(set) var page: MetricPage

    init(instance: UInt64) throws {
        let memory = try MetricPage.make("edge")
        self.number = memory.number
        guard let copy = OwnedDescriptor.duplicate(of: memory.number) else { throw SystemError.last("dup") }
        _ = memory.release()
        self.page = try MetricPage(copy)
        self.put(instance, at: MetricPageLayout.instanceOffset)
    }

    deinit {
        _ = OwnedDescriptor(adopting: self.number)
    }

    func descriptor() throws -> OwnedDescriptor {
        guard let copy = OwnedDescriptor.duplicate(of: self.number) else { throw SystemError.last("dup") }
        return copy
    }

    func reader() throws -> MetricPageReader { try MetricPageReader(try self.descriptor()) }

    /// The process has gone.
    func ended() { self.put(0, at: MetricPageLayout.instanceOffset) }

    /// The next process in the same place.
    func next(instance: UInt64) throws -> MetricPage {
        self.page = try MetricPage(try self.descriptor())
        self.put(instance, at: MetricPageLayout.instanceOffset)
        return self.page
    }

    /// The page says that it is of another version.
    func damage() { self.put(77, at: 8) }

    private func put(_ word: UInt64, at offset: Int) { SharedArea.put(word, at: offset, in: self.number) }
}
