#define SIMDJSON_EXCEPTIONS 0

#include "CSimdJSON.h"

#include <simdjson.h>

#include <memory>
#include <new>

// On-Demand's own iterators are a thin layer over stage 1's index, but they neither report where the document ends nor
// check that brackets match in what they skip. The index itself gives both, and exact offsets, so it is what is shown.

static_assert(SLUICE_JSON_PADDING >= simdjson::SIMDJSON_PADDING, "padding promised to simdjson");

struct sluice_json_parser {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> implementation;
    simdjson::dom::document document;
    size_t maximum_depth;
    size_t document_capacity;
};

namespace {

constexpr size_t smallest_capacity = 16 * 1024;

sluice_json_status translated(simdjson::error_code code) noexcept {
    switch (code) {
    case simdjson::SUCCESS:
        return SLUICE_JSON_OK;
    case simdjson::UTF8_ERROR:
        return SLUICE_JSON_INVALID_UTF8;
    case simdjson::DEPTH_ERROR:
        return SLUICE_JSON_TOO_DEEP;
    case simdjson::CAPACITY:
        return SLUICE_JSON_TOO_LARGE;
    case simdjson::MEMALLOC:
        return SLUICE_JSON_NO_MEMORY;
    default:
        return SLUICE_JSON_MALFORMED;
    }
}

size_t grown(size_t count) noexcept {
    size_t capacity = smallest_capacity;
    while (capacity < count) {
        capacity *= 2;
    }
    return capacity;
}

simdjson::error_code reserve(sluice_json_parser &parser, size_t count) noexcept {
    // Doubling must stay within simdjson's own bound of 4 GB.
    if (count > simdjson::SIMDJSON_MAXSIZE_BYTES / 2) {
        return simdjson::CAPACITY;
    }
    if (!parser.implementation) {
        return simdjson::get_active_implementation()->create_dom_parser_implementation(
            grown(count), parser.maximum_depth, parser.implementation);
    }
    if (parser.implementation->capacity() < count) {
        return parser.implementation->allocate(grown(count), parser.maximum_depth);
    }
    return simdjson::SUCCESS;
}

} // namespace

extern "C" {

sluice_json_parser *sluice_json_parser_create(size_t maximum_depth) noexcept {
    auto *parser = new (std::nothrow) sluice_json_parser();
    if (parser != nullptr) {
        // simdjson refuses the depth that equals its maximum.
        parser->maximum_depth = maximum_depth + 1;
        parser->document_capacity = 0;
    }
    return parser;
}

void sluice_json_parser_destroy(sluice_json_parser *parser) noexcept { delete parser; }

void sluice_json_parser_release(sluice_json_parser *parser) noexcept {
    parser->implementation.reset();
    parser->document = simdjson::dom::document();
    parser->document_capacity = 0;
}

size_t sluice_json_parser_capacity(const sluice_json_parser *parser) noexcept {
    return parser->implementation ? parser->implementation->capacity() : 0;
}

sluice_json_status sluice_json_parser_index(sluice_json_parser *parser, const uint8_t *bytes, size_t count) noexcept {
    simdjson::error_code error = reserve(*parser, count);
    if (!error) {
        error = parser->implementation->stage1(bytes, count, simdjson::stage1_mode::regular);
    }
    return translated(error);
}

const uint32_t *sluice_json_parser_offsets(const sluice_json_parser *parser) noexcept {
    return parser->implementation ? parser->implementation->structural_indexes.get() : nullptr;
}

size_t sluice_json_parser_offset_count(const sluice_json_parser *parser) noexcept {
    return parser->implementation ? parser->implementation->n_structural_indexes : 0;
}

ptrdiff_t sluice_json_parser_skip(const sluice_json_parser *parser, const uint8_t *bytes, size_t position) noexcept {
    const uint32_t *offsets = sluice_json_parser_offsets(parser);
    const size_t count = sluice_json_parser_offset_count(parser);
    // One bit per open bracket: 1 for an object. '{' and '[' differ in bit 5, as do '}' and ']'.
    uint64_t kinds[SLUICE_JSON_SKIP_DEPTH / 64];
    size_t depth = 0;
    for (size_t at = position; at < count; ++at) {
        const uint8_t byte = bytes[offsets[at]];
        const uint8_t bracket = byte | 0x20;
        const uint64_t kind = (byte >> 5) & 1;
        if (bracket == 0x7B) {
            if (depth == SLUICE_JSON_SKIP_DEPTH) {
                return -2;
            }
            uint64_t &word = kinds[depth / 64];
            // A word is written whole when its first bit is: the array needs no clearing.
            word = depth % 64 == 0 ? kind : (word & ~(uint64_t(1) << (depth % 64))) | (kind << (depth % 64));
            ++depth;
        } else if (bracket == 0x7D) {
            if (depth == 0) {
                return -1;
            }
            --depth;
            if (((kinds[depth / 64] >> (depth % 64)) & 1) != kind) {
                return -1;
            }
            if (depth == 0) {
                return ptrdiff_t(at);
            }
        } else if (depth == 0) {
            return -1;
        }
    }
    return -1;
}

sluice_json_status sluice_json_parser_read(sluice_json_parser *parser, const uint8_t *bytes, size_t count) noexcept {
    simdjson::error_code error = reserve(*parser, count);
    if (!error && parser->document_capacity < count) {
        const size_t capacity = parser->implementation->capacity();
        parser->document_capacity = 0;
        error = parser->document.allocate(capacity);
        if (!error) {
            parser->document_capacity = capacity;
        }
    }
    if (!error) {
        error = parser->implementation->parse(bytes, count, parser->document);
    }
    return translated(error);
}

const uint64_t *sluice_json_parser_tape(const sluice_json_parser *parser) noexcept {
    return parser->document.tape.get();
}

const uint8_t *sluice_json_parser_strings(const sluice_json_parser *parser) noexcept {
    return parser->document.string_buf.get();
}

} // extern "C"
