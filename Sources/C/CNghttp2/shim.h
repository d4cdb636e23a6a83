// nghttp2 as Swift sees it: the headers, plus functions for the unions we look into.
#ifndef C_NGHTTP2_SHIM_H
#define C_NGHTTP2_SHIM_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>

/// Why the peer reset the stream; only for RST_STREAM frames.
static inline uint32_t CNghttp2_resetCode(const nghttp2_frame *frame) { return frame->rst_stream.error_code; }

/// Why the peer goes away; only for GOAWAY frames.
static inline uint32_t CNghttp2_goawayCode(const nghttp2_frame *frame) { return frame->goaway.error_code; }

/// The last stream the peer will serve; only for GOAWAY frames.
static inline int32_t CNghttp2_goawayLastStream(const nghttp2_frame *frame) { return frame->goaway.last_stream_id; }

/// A HEADERS frame's place in its stream: NGHTTP2_HCAT_REQUEST and so on.
static inline int CNghttp2_headersCategory(const nghttp2_frame *frame) { return frame->headers.cat; }

/// One header field that nghttp2 copies.
static inline nghttp2_nv CNghttp2_field(const uint8_t *name, size_t nameCount, const uint8_t *value, size_t valueCount,
                                        bool isIndexed) {
    uint8_t flags = isIndexed ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX;
    nghttp2_nv field = {(uint8_t *)name, (uint8_t *)value, nameCount, valueCount, flags};
    return field;
}

#endif
