internal import HTTPClient

/// A running provider call, real or simulated. It reports to an `HTTPTransferDelegate`.
protocol ProviderCall: AnyObject {
    /// Any byte of the request may have reached the provider.
    var sentAny: Bool { get }
    /// Ends the call; its delegate hears nothing more.
    func cancel()
    /// Goes on after the delegate asked for a pause.
    func resume()
}

extension HTTPTransfer: ProviderCall {}
