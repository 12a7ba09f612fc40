internal import CCurl

/// A URL that libcurl has parsed once instead of for each request. It must outlive every handle it is set on.
// SAFETY: made in `init` and cleaned up once in `deinit`; libcurl copies it at the start of each transfer and never writes it.
@safe
final class CurlURL {
    let pointer: OpaquePointer

    /// nil when the text is no URL or there is no memory; with `refusesUser`, also when it has a user name.
    init?(_ text: String, refusesUser: Bool = false) {
        guard let pointer = unsafe curl_url() else { return nil }
        let flags = refusesUser ? UInt32(CURLU_DISALLOW_USER) : 0
        guard unsafe curl_url_set(pointer, CURLUPART_URL, text, flags) == CURLUE_OK else {
            unsafe curl_url_cleanup(pointer)
            return nil
        }
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe curl_url_cleanup(self.pointer)
    }
}
