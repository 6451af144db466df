/* What a browser says of itself in Client Hints: more than its User-Agent, which is frozen. Pure.
 *
 * The headers are the client's own word, as its User-Agent is. */
#ifndef CLIENT_CLIENT_HINTS_H
#define CLIENT_CLIENT_HINTS_H

#include <apr_pools.h>

#define CLIENT_HINT_MAX 2048      /* bytes of a header; a longer one is as if it was not sent */
#define CLIENT_HINT_BRANDS 32     /* so many brands in a list; the same */
#define CLIENT_HINT_VALUE_MAX 128 /* bytes of a text in a header; the same */

/* The headers as they came; NULL: not sent. */
typedef struct client_hint_headers_t {
    const char *brands;            /* Sec-CH-UA */
    const char *full_version_list; /* Sec-CH-UA-Full-Version-List */
    const char *platform;          /* Sec-CH-UA-Platform */
    const char *platform_version;  /* Sec-CH-UA-Platform-Version */
    const char *model;             /* Sec-CH-UA-Model */
    const char *mobile;            /* Sec-CH-UA-Mobile */
} client_hint_headers_t;

/* Texts are printable ASCII; NULL where nothing is known. */
typedef struct client_hints_t {
    const char *brand;         /* "Edge": the most specific of those we know */
    const char *brand_version; /* "126" or "126.0.2592.68" */
    int brand_is_base;         /* it is one that others are built on: Chrome or Chromium */
    const char *platform;      /* "Windows" */
    const char *platform_version;
    const char *model;
    int mobile; /* 1, 0, or -1 if not said */
} client_hints_t;

/* What a browser does not send until a page of the same site has asked for it, as the value of
 * Accept-CH; brands, platform and mobile come unasked. */
#define CLIENT_HINTS_WANTED                                                                        \
    "Sec-CH-UA-Full-Version-List, Sec-CH-UA-Model, Sec-CH-UA-Platform-Version"

/* The header that each member of client_hint_headers_t stands for, in the members' order. */
#define CLIENT_HINT_COUNT 6
#define CLIENT_HINT_PREFIX "Sec-CH-UA" /* all of them begin so */
extern const char *const client_hint_names[CLIENT_HINT_COUNT];

#define CLIENT_HINTS_PACKED_MAX 1024 /* bytes */

/* All of them as one text for an event's cell: a line "<letter> <value>" for each that was sent and
 * is printable ASCII of a reasonable length; brands only where there is no list of full versions.
 * NULL if none is. */
const char *client_hints_pack(const client_hint_headers_t *headers, apr_pool_t *pool);
/* The same back; lines that it does not know are passed over. packed may be NULL. */
void client_hints_unpack(client_hint_headers_t *headers, const char *packed, apr_pool_t *pool);

/* A header that is no structured field (RFC 8941) of the right type is as if it was not sent, and
 * hurts no other. Names that browsers make up to keep readers honest ("Not/A)Brand") and all others
 * that we do not know are passed over. */
void client_hints_read(client_hints_t *hints, const client_hint_headers_t *headers,
                       apr_pool_t *pool);

#endif
