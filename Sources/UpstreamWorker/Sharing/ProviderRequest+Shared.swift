internal import IPC

extension ProviderRequest {
    /// What the reply to this request looks like, `other`'s looks like, too.
    func isAnswered(asWellAs other: ProviderRequest) -> Bool {
        guard let name = self.sharedName, let otherName = other.sharedName else { return false }
        return name == otherName && self.endpoint == other.endpoint && self.isStream == other.isStream
            && self.askedForUsage == other.askedForUsage && self.anthropicVersion == other.anthropicVersion
            && self.anthropicBeta == other.anthropicBeta && self.bodyLength == other.bodyLength
            && self.snapshot == other.snapshot && self.policy == other.policy && self.calls == other.calls
    }
}
