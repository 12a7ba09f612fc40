import Metrics
import Platform
import Testing

/// A page as the supervisor keeps it: given to one process after the other, and read beside them.
struct SharedPage {
    let number: Int32

    init() throws {
        self.number = try MetricPage.make("edge").release()
    }

    /// The descriptor once more.
    func descriptor() throws -> OwnedDescriptor {
        let copy = OwnedDescriptor.duplicate(of: self.number)
        guard let copy else { throw SystemError(operation: "dup", code: 24) }
        return copy
    }

    /// What the next process makes of it.
    func page() throws -> MetricPage { try MetricPage(try self.descriptor()) }

    func reader() throws -> MetricPageReader { try MetricPageReader(try self.descriptor()) }

    /// The supervisor says who has it.
    func use(by instance: UInt64) {
        SharedArea.put(instance, at: MetricPageLayout.instanceOffset, in: self.number)
    }

    func close() { _ = OwnedDescriptor(adopting: self.number) }
}

extension MetricPageReader {
    /// All that is there, by name and label values.
    func values() -> [String: MetricValue] {
        var values: [String: MetricValue] = [:]
        for entry in self.news().entries {
            let labels = entry.labels.map { String(decoding: $0, as: UTF8.self) }
            values[([entry.name] + labels).joined(separator: " ")] = self.value(of: entry)
        }
        return values
    }
}
