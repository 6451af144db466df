/* Sending what waits in the outbox: mail over SMTP, JSON to a webhook, both by libcurl.
 *
 * A delivery is a thread of its own with a short queue on either side. Its owner, one thread, calls
 * everything below; nothing of it blocks, whatever the server does. In the keeper's process alone:
 * libcurl is set up for a process once and for all. */
#ifndef ALERT_DELIVERY_H
#define ALERT_DELIVERY_H

#include <apr_errno.h>
#include <apr_time.h>

#define DELIVERY_QUEUE 8 /* messages under way at most, their results included */
#define DELIVERY_REASON_SIZE 240
#define DELIVERY_SECRET_MAX 512
#define DELIVERY_ID_SIZE 64

/* UserAuditSMTP's tls=. */
typedef enum delivery_tls_t {
    DELIVERY_TLS_AUTO,     /* required, but for a server on this machine that wants no password */
    DELIVERY_TLS_REQUIRED, /* smtp:// begins with STARTTLS */
    DELIVERY_TLS_OFF
} delivery_tls_t;

/* Copied, but the texts that it points to are not: they must live as long as the process. */
typedef struct delivery_config_t {
    const char *url;     /* smtp://, smtps://: mail; http://, https://: a webhook */
    const char *from;    /* mail: a valid address */
    const char *name;    /* mail: what this machine calls itself; may be NULL */
    const char *ca_file; /* certificates to trust instead of the system's; may be NULL */
    delivery_tls_t tls;
    char user[DELIVERY_SECRET_MAX];     /* mail: "" sends none */
    char password[DELIVERY_SECRET_MAX]; /* mail */
    char secret[DELIVERY_SECRET_MAX];   /* webhook: key of the signature */
    apr_interval_time_t timeout;        /* of one try, whole; 0: 60 s */
} delivery_config_t;

/* NULL, or a sentence that tells what is wrong with an address of that kind. */
const char *delivery_check_mail_url(const char *url);
const char *delivery_check_webhook_url(const char *url);

/* Reads "user\npassword\n" (mail) or "secret\n" (webhook) from a file that nobody but its owner may
 * read. NULL, or a sentence. Blocks on the file. */
const char *delivery_read_credentials(delivery_config_t *config, const char *path);
const char *delivery_read_secret(delivery_config_t *config, const char *path);
/* The same without keeping anything: whether the file will do. */
const char *delivery_check_file(const char *path, int lines);

typedef enum delivery_outcome_t {
    DELIVERY_DONE,
    DELIVERY_AGAIN,  /* the server cannot be reached or takes nothing now */
    DELIVERY_REFUSED /* it will never take this message */
} delivery_outcome_t;

typedef struct delivery_result_t {
    char id[DELIVERY_ID_SIZE];
    delivery_outcome_t outcome;
    char reason[DELIVERY_REASON_SIZE]; /* printable ASCII, no secrets; "" if it went well */
} delivery_result_t;

typedef struct delivery_t delivery_t;

/* Starts the thread. */
apr_status_t delivery_start(delivery_t **delivery, const delivery_config_t *config);

/* Takes copies. APR_EAGAIN: the queue is full. */
apr_status_t delivery_offer(delivery_t *delivery, const char *id, const char *recipient,
                            const char *content);
/* Messages under way: offered and their result not taken. */
int delivery_pending(delivery_t *delivery);
/* 1 and the oldest result, or 0. */
int delivery_take(delivery_t *delivery, delivery_result_t *result);

/* Breaks off what is under way and waits for the thread at most that long. 1: it is gone and all is
 * freed. 0: it still waits for a name or a server; then leave the process by _exit. */
int delivery_stop(delivery_t *delivery, apr_interval_time_t patience);

#endif
