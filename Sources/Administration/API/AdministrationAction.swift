/// What a handler asks leave for. The one place that says who may is `AdministrationPolicy`.
public enum AdministrationAction: Hashable, Sendable, CaseIterable {
    case readOrganization, changeOrganization, createOrganization
    case readProjects, changeProjects
    case readKeys, changeKeys
    case readLimits, changeLimits
    case readUsage
    case readTokens, changeTokens
    case readAudit
    /// Providers, model aliases and prices, which all organizations share.
    case readConfiguration, changeConfiguration
    /// What is of the gateway as a whole: status, quarantine, orders.
    case readGateway, orderGateway
}
