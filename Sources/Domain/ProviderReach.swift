/// At which addresses a provider may be found. Raw values are part of snapshots.
public enum ProviderReach: UInt8, Hashable, Sendable {
    /// At all of them: somebody who may change the machine's files has written the URL.
    case anywhere = 0
    /// At those of the public Internet only: the URL came by API.
    case publicInternet = 1
}
