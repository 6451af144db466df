/* The properties and names of Python's user-agents package 2.2: same questions, same order, same
 * answers, its oddities included, for people compare ours with what they had. */
#include "device_kind.h"

#include <string.h>

#include <apr_lib.h>
#include <apr_strings.h>

static const char *const mobile_devices[] = {
    "iPhone",     "iPod", "Generic Smartphone", "Generic Feature Phone", "PlayStation Vita",
    "iOS-Device", NULL};
static const char *const pc_systems[] = {"Windows 95", "Windows 98", "Solaris", NULL};
static const char *const mobile_systems[] = {"Windows Phone", "Windows Phone OS",
                                             "Symbian OS",    "Bada",
                                             "Windows CE",    "Windows Mobile",
                                             "Maemo",         NULL};
static const char *const mobile_browsers[] = {"IE Mobile",
                                              "Opera Mobile",
                                              "Opera Mini",
                                              "Chrome Mobile",
                                              "Chrome Mobile WebView",
                                              "Chrome Mobile iOS",
                                              NULL};
static const char *const tablets[] = {"iPad",
                                      "BlackBerry Playbook",
                                      "Blackberry Playbook",
                                      "Kindle",
                                      "Kindle Fire",
                                      "Kindle Fire HD",
                                      "Galaxy Tab",
                                      "Xoom",
                                      "Dell Streak",
                                      NULL};
static const char *const touch_systems[] = {
    "iOS", "Android", "Windows Phone", "Windows CE", "Windows Mobile", "Firefox OS", "MeeGo", NULL};
static const char *const touch_devices[] = {"BlackBerry Playbook", "Blackberry Playbook",
                                            "Kindle Fire", NULL};
static const char *const mail_programs[] = {
    "Outlook",   "Windows Live Mail", "AirMail",  "Apple Mail",      "Thunderbird",
    "Lightning", "ThunderBrowse",     "The Bat!", "Lotus Notes",     "IBM Notes",
    "Barca",     "MailBar",           "kmail2",   "YahooMobileMail", NULL};

static int is_in(const char *const *names, const char *name)
{
    for (; *names; names++) {
        if (!strcmp(*names, name)) {
            return 1;
        }
    }
    return 0;
}

static int is(const char *name, const char *expected)
{
    return !strcmp(name, expected);
}

static int contains(const user_agent_t *agent, const char *part)
{
    return strstr(agent->text, part) != NULL;
}

/* Its version begins so. */
static int is_windows(const user_agent_t *agent, const char *version)
{
    return is(agent->os.family, "Windows") && agent->os.major &&
           !strncmp(agent->os.major, version, strlen(version));
}

static int is_android_tablet(const user_agent_t *agent)
{
    return is(agent->os.family, "Android") && !contains(agent, "Mobile Safari") &&
           !is(agent->browser.family, "Firefox Mobile");
}

static int is_tablet(const user_agent_t *agent)
{
    return is_in(tablets, agent->device.family) || is_android_tablet(agent) ||
           is_windows(agent, "RT") ||
           (is(agent->os.family, "Firefox OS") && !strstr(agent->browser.family, "Mobile"));
}

static int has_mobile_name(const user_agent_t *agent)
{
    return is_in(mobile_devices, agent->device.family) ||
           is_in(mobile_browsers, agent->browser.family) || is_in(mobile_systems, agent->os.family);
}

static int has_mobile_system(const user_agent_t *agent)
{
    return ((is(agent->os.family, "Android") || is(agent->os.family, "Firefox OS")) &&
            !agent->is_tablet) ||
           (is(agent->os.family, "BlackBerry OS") &&
            !is(agent->device.family, "Blackberry Playbook"));
}

static int is_mobile(const user_agent_t *agent)
{
    return has_mobile_name(agent) || has_mobile_system(agent) || contains(agent, "J2ME") ||
           contains(agent, "MIDP") || contains(agent, "iPhone;") ||
           contains(agent, "Googlebot-Mobile") ||
           (is(agent->device.family, "Spider") && strstr(agent->browser.family, "Mobile")) ||
           (contains(agent, "NokiaBrowser") && contains(agent, "Mobile"));
}

static int is_touch_capable(const user_agent_t *agent)
{
    return is_in(touch_systems, agent->os.family) || is_in(touch_devices, agent->device.family) ||
           is_windows(agent, "RT") || is_windows(agent, "CE") ||
           (is_windows(agent, "8") && contains(agent, "Touch")) ||
           (strstr(agent->os.family, "BlackBerry") &&
            (strstr(agent->device.family, "Blackberry 99") ||
             strstr(agent->device.family, "Blackberry 95")));
}

static int is_pc(const user_agent_t *agent)
{
    if (contains(agent, "Windows NT") || is_in(pc_systems, agent->os.family) ||
        (is_windows(agent, "ME") && is(agent->os.major, "ME") && !agent->os.minor) ||
        (is(agent->os.family, "Mac OS X") && !contains(agent, "Silk"))) {
        return 1;
    }
    return !contains(agent, "Maemo") && (strstr(agent->os.family, "Chrome OS") ||
                                         (contains(agent, "Linux") && contains(agent, "X11")));
}

void device_kind_set(user_agent_t *agent)
{
    agent->is_tablet = is_tablet(agent) != 0;
    agent->is_mobile = is_mobile(agent) != 0;
    agent->is_touch_capable = is_touch_capable(agent) != 0;
    agent->is_pc = is_pc(agent) != 0;
    agent->is_bot = is(agent->device.family, "Spider") != 0;
    agent->is_email_client = is_in(mail_programs, agent->browser.family) != 0;
}

/* ---- names ---- */

/* Numbers lose their leading zeros, as int() takes them. */
static const char *plain_number(const char *part)
{
    const char *digit = part;

    while (apr_isdigit(*digit)) {
        digit++;
    }
    if (*digit) {
        return part;
    }
    while (part[0] == '0' && part[1]) {
        part++;
    }
    return part;
}

static const char *with_version(const char *family, const char *major, const char *minor,
                                const char *patch, apr_pool_t *pool)
{
    const char *parts[] = {major, minor, patch};
    const char *text = family, *dot = " ";

    for (int i = 0; i < 3; i++) {
        if (parts[i]) {
            text = apr_pstrcat(pool, text, dot, plain_number(parts[i]), NULL);
            dot = ".";
        }
    }
    return text;
}

const char *user_agent_browser(const user_agent_t *agent, apr_pool_t *pool)
{
    return with_version(agent->browser.family, agent->browser.major, agent->browser.minor,
                        agent->browser.patch, pool);
}

const char *user_agent_os(const user_agent_t *agent, apr_pool_t *pool)
{
    return with_version(agent->os.family, agent->os.major, agent->os.minor, agent->os.patch, pool);
}

const char *user_agent_device(const user_agent_t *agent)
{
    return agent->is_pc ? "PC" : agent->device.family;
}

const char *user_agent_string(const user_agent_t *agent, apr_pool_t *pool)
{
    return apr_pstrcat(pool, user_agent_device(agent), " / ", user_agent_os(agent, pool), " / ",
                       user_agent_browser(agent, pool), NULL);
}
