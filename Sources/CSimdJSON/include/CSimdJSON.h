#ifndef SLUICE_CSIMDJSON_H
#define SLUICE_CSIMDJSON_H

#include <stddef.h>
#include <stdint.h>

// A plain C view of simdjson: its structural index (stage 1, which also checks UTF-8, quotes and control characters
// over the whole text) and its fully validated tape. No C++ exception leaves this file: every function is noexcept.

#ifdef __cplusplus
#define SLUICE_JSON_NOEXCEPT noexcept
extern "C" {
#else
#define SLUICE_JSON_NOEXCEPT
#endif

typedef struct sluice_json_parser sluice_json_parser;

typedef enum sluice_json_status {
    SLUICE_JSON_OK = 0,
    SLUICE_JSON_MALFORMED = 1,
    SLUICE_JSON_INVALID_UTF8 = 2,
    SLUICE_JSON_TOO_DEEP = 3,
    SLUICE_JSON_TOO_LARGE = 4,
    SLUICE_JSON_NO_MEMORY = 5,
} sluice_json_status;

enum {
    // Readable bytes that must follow every text given to a parser.
    SLUICE_JSON_PADDING = 64,
    // The deepest value that sluice_json_parser_skip steps over.
    SLUICE_JSON_SKIP_DEPTH = 1024,
};

// A parser without buffers yet, or NULL without memory. `maximum_depth` binds sluice_json_parser_read only.
sluice_json_parser *sluice_json_parser_create(size_t maximum_depth) SLUICE_JSON_NOEXCEPT;
void sluice_json_parser_destroy(sluice_json_parser *parser) SLUICE_JSON_NOEXCEPT;
// Frees the buffers; the parser stays usable.
void sluice_json_parser_release(sluice_json_parser *parser) SLUICE_JSON_NOEXCEPT;
// The largest text that needs no further allocation.
size_t sluice_json_parser_capacity(const sluice_json_parser *parser) SLUICE_JSON_NOEXCEPT;

// Indexes a text of which SLUICE_JSON_PADDING bytes behind `count` can be read.
sluice_json_status sluice_json_parser_index(sluice_json_parser *parser, const uint8_t *bytes, size_t count)
    SLUICE_JSON_NOEXCEPT;
// The offsets of the structural characters outside strings ({ } [ ] : ,), of opening quotes and of the first bytes of
// other scalars, ascending. Valid until the next call that is given this parser.
const uint32_t *sluice_json_parser_offsets(const sluice_json_parser *parser) SLUICE_JSON_NOEXCEPT;
size_t sluice_json_parser_offset_count(const sluice_json_parser *parser) SLUICE_JSON_NOEXCEPT;

// The position (in the offsets) of the bracket that closes the one at `position`; -1 where brackets do not match,
// -2 where they nest deeper than SLUICE_JSON_SKIP_DEPTH. `bytes` is the text that was indexed.
ptrdiff_t sluice_json_parser_skip(const sluice_json_parser *parser, const uint8_t *bytes, size_t position)
    SLUICE_JSON_NOEXCEPT;

// Reads and validates a whole text, padded as above, into a tape (doc/tape.md of simdjson).
sluice_json_status sluice_json_parser_read(sluice_json_parser *parser, const uint8_t *bytes, size_t count)
    SLUICE_JSON_NOEXCEPT;
const uint64_t *sluice_json_parser_tape(const sluice_json_parser *parser) SLUICE_JSON_NOEXCEPT;
// Strings of the tape: a native 32-bit length, then so many bytes.
const uint8_t *sluice_json_parser_strings(const sluice_json_parser *parser) SLUICE_JSON_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
