#include "like.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include <apr_strings.h>

const char *like_escape(const char *text, apr_pool_t *pool)
{
    char *escaped = apr_palloc(pool, 2 * strlen(text) + 1), *to = escaped;

    for (; *text; text++) {
        if (strchr("%_\\", *text)) {
            *to++ = '\\';
        }
        *to++ = *text;
    }
    *to = '\0';
    return escaped;
}

/* httpd runs in the locale "C", which knows ASCII alone. NULL if the text is no UTF-8. */
static const char *in_case(const char *text, wint_t (*change)(wint_t, locale_t), locale_t locale,
                           apr_pool_t *pool)
{
    char *changed = apr_palloc(pool, 4 * strlen(text) + 1), *to = changed;
    locale_t before = uselocale(locale);
    mbstate_t in = {0}, out = {0};
    wchar_t character;
    size_t taken, made = 0;

    while ((taken = mbrtowc(&character, text, strlen(text), &in)) > 0 && taken < (size_t)-2) {
        made = wcrtomb(to, (wchar_t)change((wint_t)character, locale), &out);
        if (made == (size_t)-1) {
            break;
        }
        text += taken;
        to += made;
    }
    uselocale(before);
    *to = '\0';
    return *text ? NULL : changed;
}

static void add_pattern(const char **patterns, const char *text, apr_pool_t *pool)
{
    const char *pattern;
    int count = 0;

    if (!text) {
        return;
    }
    pattern = apr_pstrcat(pool, "%", like_escape(text, pool), "%", NULL);
    while (patterns[count] && strcmp(patterns[count], pattern)) {
        count++;
    }
    patterns[count] = pattern;
}

static int is_ascii(const char *text)
{
    while (*text && !(*text & 0x80)) {
        text++;
    }
    return !*text;
}

const char *const *like_patterns(const char *text, apr_pool_t *pool)
{
    const char **patterns = apr_pcalloc(pool, 4 * sizeof(*patterns));
    locale_t locale = is_ascii(text) ? (locale_t)0 : newlocale(LC_CTYPE_MASK, "C.UTF-8", 0);

    add_pattern(patterns, text, pool);
    if (locale) {
        add_pattern(patterns, in_case(text, towlower_l, locale, pool), pool);
        add_pattern(patterns, in_case(text, towupper_l, locale, pool), pool);
        freelocale(locale);
    }
    return patterns;
}
