// zlib as Swift sees it: the headers, plus functions for the macros we use.
#ifndef C_ZLIB_SHIM_H
#define C_ZLIB_SHIM_H

#include <zlib.h>

#endif
