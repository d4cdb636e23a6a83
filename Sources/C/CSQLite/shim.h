// SQLite as Swift sees it: the headers, plus functions for the macros we use.
#ifndef C_SQLITE_SHIM_H
#define C_SQLITE_SHIM_H

#include <sqlite3.h>

#endif
