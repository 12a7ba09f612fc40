/// Status codes with their reason phrases, as they stand in a status line.
enum StatusLine {
    /// Code and phrase; empty for a code that is not on the list.
    static func text(_ status: UInt16) -> StaticString {
        switch status {
        case 200: "200 OK"
        case 201: "201 Created"
        case 202: "202 Accepted"
        case 204: "204 No Content"
        case 304: "304 Not Modified"
        case 400: "400 Bad Request"
        case 401: "401 Unauthorized"
        case 402: "402 Payment Required"
        case 403: "403 Forbidden"
        case 404: "404 Not Found"
        case 405: "405 Method Not Allowed"
        case 408: "408 Request Timeout"
        case 409: "409 Conflict"
        case 412: "412 Precondition Failed"
        case 413: "413 Content Too Large"
        case 414: "414 URI Too Long"
        case 415: "415 Unsupported Media Type"
        case 422: "422 Unprocessable Content"
        case 424: "424 Failed Dependency"
        case 429: "429 Too Many Requests"
        case 431: "431 Request Header Fields Too Large"
        case 500: "500 Internal Server Error"
        case 501: "501 Not Implemented"
        case 502: "502 Bad Gateway"
        case 503: "503 Service Unavailable"
        case 504: "504 Gateway Timeout"
        default: ""
        }
    }

    /// Whether `text` has nothing for it.
    static func isUnknown(_ status: UInt16) -> Bool { self.text(status).utf8CodeUnitCount == 0 }
}
