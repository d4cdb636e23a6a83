// RE2 as Swift sees it: a few C functions over the C++ library.
#ifndef C_RE2_H
#define C_RE2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled expression; may be used by several threads at once.
typedef struct CRE2_Expression CRE2_Expression;

/// Compiles an expression.
///
/// With a program and its caches in at most `memory` octets. Returns NULL when it cannot be, and then `reason` has a
/// text that ends in NUL.
CRE2_Expression *CRE2_compile(const char *pattern, size_t count, int64_t memory, char *reason, size_t reasonCapacity);

void CRE2_free(CRE2_Expression *expression);

/// The number of instructions of the program.
int CRE2_programSize(const CRE2_Expression *expression);

/// Whether the whole of the text matches.
bool CRE2_matchesWhole(const CRE2_Expression *expression, const uint8_t *text, size_t count);

/// Whether some part of the text matches.
bool CRE2_matchesPart(const CRE2_Expression *expression, const uint8_t *text, size_t count);

/// Whether a substitution names only groups that the expression has; when not, `reason` has a text that ends in NUL.
bool CRE2_checkSubstitution(
    const CRE2_Expression *expression, const char *substitution, size_t count, char *reason, size_t reasonCapacity);

/// Replaces each match of the expression that does not overlap the one before it.
///
/// Returns a block from malloc with `*resultCount` octets, or NULL when there is nothing to replace.
uint8_t *CRE2_replaceAll(
    const CRE2_Expression *expression, const uint8_t *text, size_t count, const char *substitution,
    size_t substitutionCount, size_t *resultCount);

#ifdef __cplusplus
}
#endif

#endif
