internal import Domain
internal import Glibc
internal import Platform

/// Whether the files of certificates to trust can be opened from inside the sandbox: libcurl would find out with each request.
enum TrustFiles {
    /// Why one of the providers' files cannot be used, for people; nil when all can.
    static func problem(of providers: [ProviderSettings]) -> String? {
        for provider in providers {
            guard let path = provider.caFile else { continue }
            let file = OwnedDescriptor(adopting: unsafe open(path, O_RDONLY | O_CLOEXEC))
            guard file.number < 0 else { continue }
            let reason = SystemError.last("open")
            let advice =
                reason.code == EACCES
                ? "; its user may not read it, or its folder was not known when this process started: that needs a restart"
                : ""
            return "ca_file of \(provider.name): \(path): \(reason.reason)\(advice)"
        }
        return nil
    }
}
