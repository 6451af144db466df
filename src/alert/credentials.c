/* What an administrator says of servers: addresses, and files with what must not stand in
 * httpd.conf. */
#include "alert/delivery.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_lib.h>

#define FILE_MAX (2 * DELIVERY_SECRET_MAX)
#define URL_MAX 900

/* scheme://host with a port or path at most; a user in it would stand in logs. */
static const char *check_url(const char *url, const char *const *schemes, const char *mend)
{
    apr_size_t length = 0;

    for (int i = 0; schemes[i] && !length; i++) {
        length = strncmp(url, schemes[i], strlen(schemes[i])) ? 0 : strlen(schemes[i]);
    }
    if (!length || !url[length] || url[length] == '/' || strlen(url) > URL_MAX) {
        return mend;
    }
    if (strchr(url + length, '@')) {
        return "put user and password into a file of their own";
    }
    for (const char *at = url; *at; at++) {
        if (*at <= ' ' || *at > '~') {
            return mend;
        }
    }
    return NULL;
}

const char *delivery_check_mail_url(const char *url)
{
    static const char *const schemes[] = {"smtp://", "smtps://", NULL};
    const char *host = strstr(url, "://");
    const char *mend = "say smtp://host:587 or smtps://host:465";

    return host && strchr(host + 3, '/') ? mend : check_url(url, schemes, mend);
}

const char *delivery_check_webhook_url(const char *url)
{
    static const char *const schemes[] = {"https://", "http://", NULL};

    return check_url(url, schemes, "say https://host/path");
}

/* Splits the text into lines, in place; returns how many there are, 0 if one is empty or too long.
 */
static int split(char *text, char *lines[2])
{
    int count = 0;

    while (*text && count < 2) {
        apr_size_t length = strcspn(text, "\r\n");

        if (length == 0 || length >= DELIVERY_SECRET_MAX) {
            return 0;
        }
        lines[count++] = text;
        text += length;
        while (*text == '\r' || *text == '\n') {
            *text++ = '\0';
        }
    }
    return *text ? 0 : count;
}

static const char *read_whole(const char *path, char text[FILE_MAX + 1])
{
    struct stat info;
    ssize_t length;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const char *problem = NULL;

    if (file < 0) {
        return errno == ELOOP ? "is a link, not a file" : "cannot be read";
    }
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
        problem = "is no file";
    }
    else if (info.st_mode & (S_IRWXG | S_IRWXO)) {
        problem = "can be read by others than its owner: chmod 0600";
    }
    length = problem ? 0 : read(file, text, FILE_MAX);
    close(file);
    if (!problem && length <= 0) {
        problem = "is empty";
    }
    text[length > 0 ? length : 0] = '\0';
    return problem;
}

static const char *read_lines(const char *path, int wanted, char *first, char *second)
{
    char text[FILE_MAX + 1], *lines[2];
    const char *problem = read_whole(path, text);

    if (!problem && split(text, lines) != wanted) {
        problem = wanted == 2 ? "must hold two lines, the user and the password"
                              : "must hold one line, the secret";
    }
    if (!problem && first) {
        strcpy(first, lines[0]);
    }
    if (!problem && second) {
        strcpy(second, lines[1]);
    }
    explicit_bzero(text, sizeof(text));
    return problem;
}

const char *delivery_read_credentials(delivery_config_t *config, const char *path)
{
    return read_lines(path, 2, config->user, config->password);
}

const char *delivery_read_secret(delivery_config_t *config, const char *path)
{
    return read_lines(path, 1, config->secret, NULL);
}

const char *delivery_check_file(const char *path, int lines)
{
    return read_lines(path, lines, NULL, NULL);
}
