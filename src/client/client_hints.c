#include "client/client_hints.h"

#include <string.h>

#include <apr_strings.h>

#include "structured_field.h"

typedef struct brand_t {
    const char *said, *shown;
    int rank; /* the highest that is said counts: what is built on Chromium says Chromium too */
} brand_t;

#define RANK_CHROMIUM 1
#define RANK_CHROME 2
#define RANK_OWN 3

static const brand_t brands[] = {
    {"Android WebView", "Android WebView", RANK_OWN},
    {"Brave", "Brave", RANK_OWN},
    {"Chromium", "Chromium", RANK_CHROMIUM},
    {"CocCoc", "Coc Coc", RANK_OWN},
    {"DuckDuckGo", "DuckDuckGo", RANK_OWN},
    {"Google Chrome", "Chrome", RANK_CHROME},
    {"HeadlessChrome", "Headless Chrome", RANK_OWN},
    {"Huawei Browser", "Huawei Browser", RANK_OWN},
    {"Microsoft Edge", "Edge", RANK_OWN},
    {"Microsoft Edge WebView2", "Edge WebView2", RANK_OWN},
    {"Opera", "Opera", RANK_OWN},
    {"Opera GX", "Opera GX", RANK_OWN},
    {"Opera Mobile", "Opera", RANK_OWN},
    {"Samsung Internet", "Samsung Internet", RANK_OWN},
    {"Vivaldi", "Vivaldi", RANK_OWN},
    {"Whale", "Whale", RANK_OWN},
    {"Yandex", "Yandex Browser", RANK_OWN},
    {"YaBrowser", "Yandex Browser", RANK_OWN},
};

static const brand_t *find_brand(const char *said)
{
    for (size_t i = 0; i < sizeof(brands) / sizeof(*brands); i++) {
        if (!strcmp(brands[i].said, said)) {
            return &brands[i];
        }
    }
    return NULL;
}

static int is_version(const char *text)
{
    return text && *text >= '0' && *text <= '9' && strlen(text) <= CLIENT_HINT_VALUE_MAX &&
           text[strspn(text, "0123456789.")] == '\0';
}

/* 0 if the header names no brand that we know. */
static int read_brands(client_hints_t *hints, const char *header, apr_pool_t *pool)
{
    structured_member_t members[CLIENT_HINT_BRANDS];
    int count, rank = 0;

    if (!header || strlen(header) > CLIENT_HINT_MAX ||
        !structured_field_list(header, members, CLIENT_HINT_BRANDS, &count, pool)) {
        return 0;
    }
    for (int i = 0; i < count; i++) {
        const brand_t *brand = find_brand(members[i].text);

        if (brand && brand->rank > rank) {
            rank = brand->rank;
            hints->brand = brand->shown;
            hints->brand_version = is_version(members[i].version) ? members[i].version : NULL;
            hints->brand_is_base = rank < RANK_OWN;
        }
    }
    return rank;
}

/* NULL where the header says nothing: platforms send an empty model, or an empty version, too. */
static const char *read_text(const char *header, apr_pool_t *pool)
{
    const char *text;

    if (!header || strlen(header) > CLIENT_HINT_MAX ||
        !structured_field_string(header, &text, pool) || !*text ||
        strlen(text) > CLIENT_HINT_VALUE_MAX) {
        return NULL;
    }
    return text;
}

/* ---- as one text ---- */

#define PACKED_LIST_MAX 420 /* of a list of brands; two of these never stand in one text */
#define PACKED_TEXT_MAX                                                                            \
    136 /* of anything else: a text of CLIENT_HINT_VALUE_MAX with its quotes                       \
         */

const char *const client_hint_names[CLIENT_HINT_COUNT] = {
    "Sec-CH-UA",          "Sec-CH-UA-Full-Version-List",
    "Sec-CH-UA-Platform", "Sec-CH-UA-Platform-Version",
    "Sec-CH-UA-Model",    "Sec-CH-UA-Mobile",
};

static const char letters[] = "bfpvmk"; /* in the same order */

static const char **member(client_hint_headers_t *headers, int index)
{
    const char **const members[CLIENT_HINT_COUNT] = {&headers->brands,
                                                     &headers->full_version_list,
                                                     &headers->platform,
                                                     &headers->platform_version,
                                                     &headers->model,
                                                     &headers->mobile};

    return members[index];
}

static int can_be_packed(const char *value, apr_size_t limit)
{
    apr_size_t length = value ? strlen(value) : 0;

    for (apr_size_t i = 0; i < length; i++) {
        if (value[i] < ' ' || value[i] > '~') {
            return 0;
        }
    }
    return length > 0 && length <= limit;
}

const char *client_hints_pack(const client_hint_headers_t *headers, apr_pool_t *pool)
{
    client_hint_headers_t sent = *headers;
    char packed[CLIENT_HINTS_PACKED_MAX + 1], *end = packed;

    if (can_be_packed(sent.full_version_list, PACKED_LIST_MAX)) {
        sent.brands = NULL;
    }
    for (int i = 0; i < CLIENT_HINT_COUNT; i++) {
        const char *value = *member(&sent, i);

        if (can_be_packed(value, i < 2 ? PACKED_LIST_MAX : PACKED_TEXT_MAX)) {
            end += apr_snprintf(end, (apr_size_t)(packed + sizeof(packed) - end), "%s%c %s",
                                end > packed ? "\n" : "", letters[i], value);
        }
    }
    return end > packed ? apr_pstrmemdup(pool, packed, (apr_size_t)(end - packed)) : NULL;
}

void client_hints_unpack(client_hint_headers_t *headers, const char *packed, apr_pool_t *pool)
{
    memset(headers, 0, sizeof(*headers));
    while (packed && *packed) {
        apr_size_t length = strcspn(packed, "\n");
        const char *letter = length > 2 && packed[1] == ' ' ? strchr(letters, packed[0]) : NULL;

        if (letter) {
            *member(headers, (int)(letter - letters)) =
                apr_pstrmemdup(pool, packed + 2, length - 2);
        }
        packed += length + (packed[length] == '\n');
    }
}

/* ---- */

void client_hints_read(client_hints_t *hints, const client_hint_headers_t *headers,
                       apr_pool_t *pool)
{
    memset(hints, 0, sizeof(*hints));
    hints->mobile = -1;
    if (!read_brands(hints, headers->full_version_list, pool)) {
        read_brands(hints, headers->brands, pool);
    }
    hints->platform = read_text(headers->platform, pool);
    hints->platform_version = read_text(headers->platform_version, pool);
    if (!is_version(hints->platform_version)) {
        hints->platform_version = NULL;
    }
    hints->model = read_text(headers->model, pool);
    if (headers->mobile && !structured_field_boolean(headers->mobile, &hints->mobile)) {
        hints->mobile = -1;
    }
}
