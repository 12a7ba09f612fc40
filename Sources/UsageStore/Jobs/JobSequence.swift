public import Database

/// Several jobs as one: each is done when the one before it is.
public final class JobSequence: JobSteps {
    private var left: ArraySlice<any JobSteps>

    public init(_ parts: [any JobSteps]) {
        self.left = parts[...]
    }

    public func step(limit: Int) throws(DatabaseError) -> JobStep {
        guard let first = self.left.first else { return JobStep(amount: 0, state: .done) }
        let step = try first.step(limit: limit)
        guard step.state == .done else { return step }
        self.left.removeFirst()
        return JobStep(amount: step.amount, isFull: step.isFull, state: self.left.isEmpty ? .done : .more)
    }
}
