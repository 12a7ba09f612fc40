import Administration
import Catalogue
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
        /// The catalogue in force.
        var catalogue: LoadedCatalogue?
    }

    private let state: Mutex<State>
    /// Why workers could not use a configuration; nil where they can.
    private let objection: @Sendable (GatewayConfiguration, CatalogueDocument?) -> String?

    init(_ state: State, objection: @escaping @Sendable (GatewayConfiguration, CatalogueDocument?) -> String?) {
        self.state = Mutex(state)
        self.objection = objection
    }

    var now: State { self.state.withLock { $0 } }

    /// Another configuration is in force.
    func use(_ state: State) { self.state.withLock { $0 = state } }

    /// Why no configuration can be made with these objects, and this catalogue instead of the one in force; nil where it can.
    func objection(to configuration: GatewayConfiguration, _ catalogue: CatalogueDocument? = nil) -> String? {
        self.objection(configuration, catalogue ?? self.now.catalogue?.document)
    }
}
