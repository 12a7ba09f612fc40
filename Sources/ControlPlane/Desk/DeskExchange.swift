import Administration
import Platform
import Synchronization

/// What passes between the loop and the threads of the desk: jobs one way, their outcomes the other. No side holds the lock for longer than
/// it takes to move a few references.
final class DeskExchange: Sendable {
    /// A piece of work, for whichever thread is free. It gets the thread's bench, or why there is none.
    struct Job: Sendable {
        let ticket: UInt64
        let work: @Sendable (Result<DeskBench, AdministrationFailure>) -> any Sendable
    }

    /// What became of a job.
    struct Outcome: Sendable {
        let ticket: UInt64
        let value: any Sendable
    }

    private struct State {
        var jobs: [Job] = []
        var outcomes: [Outcome] = []
        var context: DeskContext
        var generation: UInt64 = 1
        var isClosed = false
    }

    private let state: Mutex<State>
    /// How many jobs there are to take.
    private let jobs: EventCounter
    /// Rings on the loop when there are outcomes.
    let bell: EventCounter

    init(context: DeskContext) throws(SystemError) {
        self.state = Mutex(State(context: context))
        self.jobs = try EventCounter(.awaited)
        self.bell = try EventCounter(.watched)
    }

    // MARK: For the loop

    /// Gives a job to the threads; false where `limit` of them wait already.
    func give(_ job: Job, limit: Int) -> Bool {
        let isTaken = self.state.withLock { state in
            guard state.jobs.count < limit, !state.isClosed else { return false }
            state.jobs.append(job)
            return true
        }
        if isTaken { self.jobs.add() }
        return isTaken
    }

    /// What has been done since the last call.
    func outcomes() -> [Outcome] {
        self.bell.take()
        return self.state.withLock { state in
            defer { state.outcomes = [] }
            return state.outcomes
        }
    }

    func use(_ context: DeskContext) {
        self.state.withLock { state in
            state.context = context
            state.generation += 1
        }
    }

    /// Has the `threads` end when they have done what they are at; gives back the tickets of jobs that nobody has begun.
    func close(threads: Int) -> [UInt64] {
        let tickets = self.state.withLock { state in
            state.isClosed = true
            defer { state.jobs = [] }
            return state.jobs.map(\.ticket)
        }
        for _ in 0..<threads { self.jobs.add() }
        return tickets
    }

    // MARK: For the threads

    /// The next job; waits for one. nil when the thread is to end.
    func next() -> Job? {
        while self.jobs.take() {
            let (job, isClosed) = self.state.withLock { state in
                (state.jobs.isEmpty ? nil : state.jobs.removeFirst(), state.isClosed)
            }
            if let job { return job }
            if isClosed { break }
        }
        return nil
    }

    func deliver(_ outcome: Outcome) {
        self.state.withLock { $0.outcomes.append(outcome) }
        self.bell.add()
    }

    /// What is worked by now.
    var context: (value: DeskContext, generation: UInt64) { self.state.withLock { ($0.context, $0.generation) } }
}
