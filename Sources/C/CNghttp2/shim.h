// nghttp2 as Swift sees it: the headers, plus functions for the macros we use.
#ifndef C_NGHTTP2_SHIM_H
#define C_NGHTTP2_SHIM_H

#include <nghttp2/nghttp2.h>

#endif
