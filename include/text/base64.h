/* Whether a text is base64: that of MIME, with its line ends, or of URLs. Pure; never blocks. */
#ifndef TEXT_BASE64_H
#define TEXT_BASE64_H

#include <apr.h>

/* 1 if there is no other byte than the digits of either kind, '=', CR and LF; of nothing as well.
 */
int base64_only(const char *data, apr_size_t length);

/* What base64_only chooses from, which all answer alike, for its test. Those with a name of a
 * processor's instructions are there where the compiler knows these; of AVX2 the caller sees first
 * that the processor does. */
int base64_only_bytewise(const char *data, apr_size_t length);
#ifdef __x86_64__
#define BASE64_VECTORS 1
int base64_only_sse2(const char *data, apr_size_t length);
int base64_only_avx2(const char *data, apr_size_t length);
#endif

#endif
