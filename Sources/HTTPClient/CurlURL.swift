internal import CCurl
internal import Glibc

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

    /// A part of it, as libcurl would use it in a request; nil where it has none.
    func part(_ part: CURLUPart) -> [UInt8]? {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe curl_url_get(self.pointer, part, &text, 0) == CURLUE_OK, let text = unsafe text else { return nil }
        defer { unsafe curl_free(text) }
        return unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }

    deinit {
        unsafe curl_url_cleanup(self.pointer)
    }
}
