/* Browsers freeze what their User-Agent says of the system: Windows NT 10.0 for 10 and 11, Mac OS X
 * 10_15_7 for all that came later, "Android 10; K" for every Android. What is frozen tells nothing
 * and is not shown as if it did; Client Hints tell. */
#include "client/client_name.h"

#include <stdlib.h>
#include <string.h>

#include <apr_strings.h>

#include "program.h"

#define WINDOWS_11_FROM 13 /* Sec-CH-UA-Platform-Version of the first Windows 11 */
#define MACOS_FROM 12      /* Mac OS X was called macOS from 10.12 on */

static int is(const char *name, const char *expected)
{
    return name && !strcmp(name, expected);
}

static const char *with_version(const char *family, const char *major, const char *minor,
                                apr_pool_t *pool)
{
    if (!major) {
        return family;
    }
    return apr_pstrcat(pool, family, " ", major, minor ? "." : NULL, minor, NULL);
}

/* The first `parts` parts of a version. */
static const char *version_start(const char *version, int parts, apr_pool_t *pool)
{
    apr_size_t length = 0;

    while (version[length] && (version[length] != '.' || --parts > 0)) {
        length++;
    }
    return apr_pstrmemdup(pool, version, length);
}

/* ---- browser ---- */

/* uap-core tells a browser's editions apart by family; system and device tell that already. */
static const char *plain_family(const char *family)
{
    static const char *const editions[][2] = {
        {"Chrome Mobile", "Chrome"},
        {"Chrome Mobile iOS", "Chrome"},
        {"Chrome Mobile WebView", "Android WebView"},
        {"Edge Mobile", "Edge"},
        {"Firefox Mobile", "Firefox"},
        {"Firefox iOS", "Firefox"},
        {"HeadlessChrome", "Headless Chrome"},
        {"IE", "Internet Explorer"},
        {"Mobile Safari", "Safari"},
        {"Mobile Safari UI/WKWebView", "iOS WebView"},
        {"Opera Mobile", "Opera"},
        {"Other", ""},
    };

    for (size_t i = 0; i < sizeof(editions) / sizeof(*editions); i++) {
        if (!strcmp(editions[i][0], family)) {
            return editions[i][1];
        }
    }
    return family;
}

static const char *agent_browser(const user_agent_t *agent, apr_pool_t *pool)
{
    const char *family = plain_family(agent->browser.family);

    return *family ? with_version(family, agent->browser.major, NULL, pool) : "";
}

/* A browser that does not name itself in its hints is still known by its User-Agent. */
static int hints_know_better(const user_agent_t *agent, const client_hints_t *hints)
{
    const char *family = plain_family(agent->browser.family);

    return hints && hints->brand &&
           (!hints->brand_is_base || !*family || is(family, "Chrome") || is(family, "Chromium"));
}

static const char *browser_of(const user_agent_t *agent, const client_hints_t *hints,
                              apr_pool_t *pool)
{
    if (!hints_know_better(agent, hints)) {
        return agent_browser(agent, pool);
    }
    return hints->brand_version
               ? with_version(hints->brand, version_start(hints->brand_version, 1, pool), NULL,
                              pool)
               : hints->brand;
}

/* ---- operating system ---- */

static int is_frozen_mac(const user_agent_t *agent)
{
    return is(agent->os.family, "Mac OS X") && is(agent->os.major, "10") &&
           is(agent->os.minor, "15");
}

static int is_frozen_android(const user_agent_t *agent)
{
    return is(agent->os.family, "Android") && is(agent->os.major, "10") &&
           is(agent->device.model, "K");
}

static const char *agent_mac(const user_agent_t *agent, apr_pool_t *pool)
{
    long major = agent->os.major ? strtol(agent->os.major, NULL, 10) : 0;
    long minor = agent->os.minor ? strtol(agent->os.minor, NULL, 10) : 0;

    if (is_frozen_mac(agent) || !agent->os.major) {
        return "macOS";
    }
    return with_version(major > 10 || minor >= MACOS_FROM ? "macOS" : "Mac OS X", agent->os.major,
                        agent->os.minor, pool);
}

static const char *agent_os(const user_agent_t *agent, apr_pool_t *pool)
{
    if (is(agent->os.family, "Other")) {
        return "";
    }
    if (is(agent->os.family, "Windows") && is(agent->os.major, "10")) {
        return "Windows 10/11";
    }
    if (is(agent->os.family, "Mac OS X")) {
        return agent_mac(agent, pool);
    }
    /* Chrome OS gives the number of a build. */
    if (is(agent->os.family, "Chrome OS") || is_frozen_android(agent)) {
        return agent->os.family;
    }
    return with_version(agent->os.family, agent->os.major, agent->os.minor, pool);
}

static const char *hinted_windows(const char *version)
{
    static const char *const early[] = {"Windows", "Windows 7", "Windows 8", "Windows 8.1"};
    const char *dot = strchr(version, '.');
    long major = strtol(version, NULL, 10), minor = dot ? strtol(dot + 1, NULL, 10) : 0;

    if (major >= WINDOWS_11_FROM) {
        return "Windows 11";
    }
    return major > 0 ? "Windows 10" : early[minor < 4 ? minor : 0];
}

static const char *hinted_version(const char *family, const char *version, apr_pool_t *pool)
{
    const char *shown = version_start(version, 2, pool);
    apr_size_t length = strlen(shown);

    if (length > 2 && !strcmp(shown + length - 2, ".0")) {
        shown = version_start(version, 1, pool);
    }
    return with_version(family, shown, NULL, pool);
}

/* NULL where the hints do not tell more. */
static const char *hinted_os(const client_hints_t *hints, apr_pool_t *pool)
{
    if (is(hints->platform, "Chrome OS") || is(hints->platform, "Chromium OS")) {
        return "Chrome OS";
    }
    if (!hints->platform || !hints->platform_version) {
        return NULL;
    }
    if (is(hints->platform, "Windows")) {
        return hinted_windows(hints->platform_version);
    }
    if (is(hints->platform, "macOS") || is(hints->platform, "Android") ||
        is(hints->platform, "iOS")) {
        return hinted_version(hints->platform, hints->platform_version, pool);
    }
    return NULL;
}

static const char *os_of(const user_agent_t *agent, const client_hints_t *hints, apr_pool_t *pool)
{
    const char *os = hints ? hinted_os(hints, pool) : NULL;

    if (!os) {
        os = agent_os(agent, pool);
    }
    if (!*os && hints && hints->platform && !is(hints->platform, "Unknown")) {
        os = hints->platform;
    }
    return os;
}

/* ---- device ---- */

static const char *pc_of(const user_agent_t *agent, const client_hints_t *hints)
{
    if (is(agent->os.family, "Chrome OS")) {
        return "Chromebook";
    }
    if (!is(agent->os.family, "Mac OS X")) {
        return "PC";
    }
    /* An iPad that asks for desktop pages says it is a Macintosh; only Safari's engine runs there,
     * and it sends no hints. */
    return is_frozen_mac(agent) && is(agent->browser.family, "Safari") &&
                   !(hints && hints->platform)
               ? "Mac or iPad"
               : "Mac";
}

static int names_no_device(const user_agent_t *agent)
{
    return is_frozen_android(agent) || is(agent->device.family, "Other") ||
           !strncmp(agent->device.family, "Generic", 7);
}

static const char *device_of(const user_agent_t *agent, const client_hints_t *hints)
{
    int mobile = hints && hints->mobile >= 0 ? hints->mobile : agent->is_mobile;

    if (agent->is_bot) {
        return "Bot";
    }
    if (hints && hints->model) {
        return hints->model;
    }
    if (agent->is_pc) {
        return pc_of(agent, hints);
    }
    if (!names_no_device(agent)) {
        return agent->device.family;
    }
    return mobile ? "Phone" : agent->is_tablet ? "Tablet" : "";
}

void client_name(client_name_t *name, const user_agent_t *agent, const client_hints_t *hints,
                 apr_pool_t *pool)
{
    const char *program = program_name(agent->text, &name->kind, pool);

    if (program && name->kind == CLIENT_PROGRAM) {
        name->browser = program;
        name->os = agent_os(agent, pool);
        name->device = "Program";
        return;
    }
    name->browser = program ? program : browser_of(agent, hints, pool);
    name->os = os_of(agent, hints, pool);
    name->device = device_of(agent, hints);
    if (!program) {
        name->kind = agent->is_bot ? CLIENT_BOT : *name->browser ? CLIENT_BROWSER : CLIENT_UNKNOWN;
    }
}
