#include "CRE2.h"

#include <re2/re2.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

struct CRE2_Expression {
    RE2 expression;

    CRE2_Expression(re2::StringPiece pattern, const RE2::Options &options) : expression(pattern, options) {}
};

namespace {

void copy(const std::string &text, char *output, size_t capacity) {
    if (capacity == 0) return;
    size_t count = text.size() < capacity - 1 ? text.size() : capacity - 1;
    std::memcpy(output, text.data(), count);
    output[count] = '\0';
}

re2::StringPiece piece(const uint8_t *text, size_t count) {
    return re2::StringPiece(reinterpret_cast<const char *>(text), count);
}

}  // namespace

CRE2_Expression *CRE2_compile(const char *pattern, size_t count, int64_t memory, char *reason, size_t reasonCapacity) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(memory);
    auto *made = new (std::nothrow) CRE2_Expression(re2::StringPiece(pattern, count), options);
    if (made == nullptr) {
        copy("out of memory", reason, reasonCapacity);
        return nullptr;
    }
    if (made->expression.ok()) return made;
    copy(made->expression.error(), reason, reasonCapacity);
    delete made;
    return nullptr;
}

void CRE2_free(CRE2_Expression *expression) { delete expression; }

int CRE2_programSize(const CRE2_Expression *expression) { return expression->expression.ProgramSize(); }

bool CRE2_matchesWhole(const CRE2_Expression *expression, const uint8_t *text, size_t count) {
    return RE2::FullMatch(piece(text, count), expression->expression);
}

bool CRE2_matchesPart(const CRE2_Expression *expression, const uint8_t *text, size_t count) {
    return RE2::PartialMatch(piece(text, count), expression->expression);
}

bool CRE2_checkSubstitution(
    const CRE2_Expression *expression, const char *substitution, size_t count, char *reason, size_t reasonCapacity) {
    std::string error;
    if (expression->expression.CheckRewriteString(re2::StringPiece(substitution, count), &error)) return true;
    copy(error, reason, reasonCapacity);
    return false;
}

uint8_t *CRE2_replaceAll(
    const CRE2_Expression *expression, const uint8_t *text, size_t count, const char *substitution,
    size_t substitutionCount, size_t *resultCount) {
    std::string result(reinterpret_cast<const char *>(text), count);
    if (RE2::GlobalReplace(&result, expression->expression, re2::StringPiece(substitution, substitutionCount)) == 0) {
        return nullptr;
    }
    auto *copied = static_cast<uint8_t *>(std::malloc(result.size() + 1));
    if (copied == nullptr) return nullptr;
    std::memcpy(copied, result.data(), result.size());
    *resultCount = result.size();
    return copied;
}
