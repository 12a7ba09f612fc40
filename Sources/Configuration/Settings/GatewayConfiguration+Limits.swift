public import Domain

extension GatewayConfiguration {
    /// What edges decide by; `timeZone` are the rules of the configuration's time zone.
    public func limitSettings(timeZone: TimeZoneRules) -> LimitSettings {
        var settings = LimitSettings()
        settings.global = self.limits.global
        settings.perAddress = self.limits.perAddress
        settings.perKey = self.limits.perKey
        settings.models = self.limits.models
        settings.wrongKeysPerMinute = self.auth.wrongKeysPerMinute
        settings.anonymous = self.auth.anonymous ?? LimitSettings.Anonymous()
        settings.mode = self.limits.mode
        settings.allowsUnknownPrice = self.limits.allowsUnknownPrice
        settings.softPercent = self.limits.softPercent
        settings.trustedProxies = self.http.trustedProxies.map {
            LimitSettings.ProxyRange(network: $0.network.bytes, prefixLength: UInt8(clamping: $0.prefixLength))
        }
        settings.timeZone = timeZone
        return settings
    }
}
