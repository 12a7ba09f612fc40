import Domain

/// What of the configuration in force the administration works by.
struct DeskContext: Sendable {
    var limits: LimitSettings
}
