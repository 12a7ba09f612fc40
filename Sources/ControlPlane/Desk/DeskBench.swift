import Administration
import Domain

/// What one thread of the desk works with: a store with a connection of its own, and the service over it. Made on its thread, and never
/// anywhere else.
final class DeskBench {
    let store: AdministrationStore
    let service: AdministrationService
    /// Which `DeskContext` the service works by.
    private var generation: UInt64 = 0

    init(store: AdministrationStore, service: AdministrationService) {
        self.store = store
        self.service = service
    }

    /// Who a token belongs to; nil: nobody.
    func bearer(of token: Secret) -> Result<AdministrationActor?, AdministrationFailure> {
        do throws(AdministrationFailure) {
            return .success(try self.service.actor(bearing: token))
        } catch {
            return error.status == 401 ? .success(nil) : .failure(error)
        }
    }

    /// Works by the newest context from now on.
    func use(_ context: DeskContext, generation: UInt64) {
        guard generation != self.generation else { return }
        self.generation = generation
        self.service.use(limits: context.limits)
    }
}
