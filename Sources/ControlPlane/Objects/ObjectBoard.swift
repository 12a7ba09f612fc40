import Administration
import Configuration
import Domain
import Synchronization

/// What the threads of the administration have to know of the configuration in force: what the file says, and which objects count.
///
/// Control's loop tells it, threads ask.
final class ObjectBoard: Sendable {
    struct State: Sendable {
        /// What the file, or the environment, says.
        var base: ConfigurationResult
        /// That with the objects of `number`.
        var merge: ObjectMerge
        /// `objects_seq` of what is in force.
        var number: Int64
    }

    private let state: Mutex<State>
    /// Why workers could not use a configuration; nil where they can.
    private let objection: @Sendable (GatewayConfiguration) -> String?

    init(_ state: State, objection: @escaping @Sendable (GatewayConfiguration) -> String?) {
        self.state = Mutex(state)
        self.objection = objection
    }

    var now: State { self.state.withLock { $0 } }

    /// Another configuration is in force.
    func use(_ state: State) { self.state.withLock { $0 = state } }

    /// Why no configuration can be made with these objects; nil where it can.
    func objection(to configuration: GatewayConfiguration) -> String? { self.objection(configuration) }
}
