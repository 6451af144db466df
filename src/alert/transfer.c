#include "transfer.h"

#include <stdio.h>
#include <string.h>

#include <apr_strings.h>
#include <curl/curl.h>
#include <openssl/hmac.h>

#include "text/digest.h"

#define TIMEOUT_MS 60000L
#define CONNECT_TIMEOUT_MS 10000L
#define ANSWER_TIMEOUT 30L /* seconds for one line of an SMTP server */
#define SIGNATURE_HEADER "X-User-Audit-Signature: sha256="
#define DELIVERY_HEADER "X-User-Audit-Delivery: "

/* What libcurl reads the message from. */
typedef struct source_t {
    const char *at;
    size_t left;
} source_t;

void transfer_initialize(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t read_source(char *to, size_t size, size_t count, void *payload)
{
    source_t *source = payload;
    size_t taken = size * count < source->left ? size * count : source->left;

    memcpy(to, source->at, taken);
    source->at += taken;
    source->left -= taken;
    return taken;
}

static size_t drop_answer(char *data, size_t size, size_t count, void *payload)
{
    (void)data;
    (void)payload;
    return size * count;
}

static int look_for_stop(void *payload, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return __atomic_load_n((const int *)payload, __ATOMIC_RELAXED);
}

static void set_common(CURL *curl, const delivery_config_t *config, const volatile int *stop,
                       char error[CURL_ERROR_SIZE])
{
    long timeout = config->timeout ? (long)apr_time_as_msec(config->timeout) : TIMEOUT_MS;

    error[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_URL, config->url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     timeout < CONNECT_TIMEOUT_MS ? timeout : CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, ANSWER_TIMEOUT);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_stop);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, (void *)(apr_uintptr_t)stop);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_answer);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (config->ca_file) {
        curl_easy_setopt(curl, CURLOPT_CAINFO, config->ca_file);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
}

/* libcurl's words have no secrets, but a server's answer may hold anything. */
static void set_reason(delivery_result_t *result, CURLcode code, long answer, const char *error)
{
    const char *words = *error ? error : curl_easy_strerror(code);

    if (code == CURLE_OK || (!*error && answer >= 400)) {
        snprintf(result->reason, sizeof(result->reason), "the server answers %ld", answer);
    }
    else if (answer >= 100) {
        snprintf(result->reason, sizeof(result->reason), "%.180s (%ld)", words, answer);
    }
    else {
        snprintf(result->reason, sizeof(result->reason), "%.200s", words);
    }
    for (char *at = result->reason; *at; at++) {
        if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\') {
            *at = ' ';
        }
    }
}

/* ---- mail ---- */

static int is_local(const char *url)
{
    static const char *const hosts[] = {"localhost", "127.", "[::1]"};
    const char *host = strstr(url, "://");

    for (size_t i = 0; host && i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        if (!strncmp(host + 3, hosts[i], strlen(hosts[i]))) {
            return 1;
        }
    }
    return 0;
}

static int wants_tls(const delivery_config_t *config)
{
    if (config->tls == DELIVERY_TLS_AUTO) {
        return *config->user || !is_local(config->url);
    }
    return config->tls == DELIVERY_TLS_REQUIRED;
}

static void set_mail(CURL *curl, const delivery_config_t *config, struct curl_slist *recipients,
                     const char *from, source_t *source)
{
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_USE_SSL,
                     (long)(wants_tls(config) ? CURLUSESSL_ALL : CURLUSESSL_NONE));
    if (*config->user) {
        curl_easy_setopt(curl, CURLOPT_USERNAME, config->user);
        curl_easy_setopt(curl, CURLOPT_PASSWORD, config->password);
    }
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_source);
    curl_easy_setopt(curl, CURLOPT_READDATA, source);
    curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)source->left);
}

/* A 5xx to sender, recipient or content is the last word on this message; one to the greeting or
 * the login is the administrator's to mend. */
static delivery_outcome_t mail_outcome(CURLcode code, long answer, int all_sent)
{
    if (code == CURLE_OK) {
        return DELIVERY_DONE;
    }
    return answer >= 500 && answer < 600 &&
                   (code == CURLE_SEND_ERROR || (code == CURLE_WEIRD_SERVER_REPLY && all_sent))
               ? DELIVERY_REFUSED
               : DELIVERY_AGAIN;
}

static void send_mail(CURL *curl, const delivery_config_t *config, const char *recipient,
                      const char *content, delivery_result_t *result, const char *error)
{
    source_t source = {content, strlen(content)};
    char from[DELIVERY_SECRET_MAX], to[DELIVERY_SECRET_MAX], url[1024];
    struct curl_slist *recipients;
    long answer = 0;
    CURLcode code;

    snprintf(from, sizeof(from), "<%s>", config->from);
    snprintf(to, sizeof(to), "<%s>", recipient);
    if (config->name) {
        snprintf(url, sizeof(url), "%s/%s", config->url, config->name);
        curl_easy_setopt(curl, CURLOPT_URL, url);
    }
    recipients = curl_slist_append(NULL, to);
    set_mail(curl, config, recipients, from, &source);
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
    result->outcome = mail_outcome(code, answer, source.left == 0);
    if (result->outcome != DELIVERY_DONE) {
        set_reason(result, code, answer, error);
    }
    curl_slist_free_all(recipients);
}

/* ---- webhook ---- */

/* HMAC-SHA-256 of the body, as many receivers of webhooks know it. */
static void signature(const delivery_config_t *config, const char *content, char *header,
                      size_t size)
{
    unsigned char result[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];

    HMAC(EVP_sha256(), config->secret, (int)strlen(config->secret), (const unsigned char *)content,
         strlen(content), result, NULL);
    digest_hex(result, sizeof(result), hex);
    snprintf(header, size, "%s%s", SIGNATURE_HEADER, hex);
}

static void post(CURL *curl, const delivery_config_t *config, const char *id, const char *content,
                 delivery_result_t *result, const char *error)
{
    char signed_header[sizeof(SIGNATURE_HEADER) + DIGEST_HEX_SIZE];
    char id_header[sizeof(DELIVERY_HEADER) + DELIVERY_ID_SIZE];
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    long answer = 0;
    CURLcode code;

    signature(config, content, signed_header, sizeof(signed_header));
    snprintf(id_header, sizeof(id_header), "%s%s", DELIVERY_HEADER, id);
    headers = curl_slist_append(headers, signed_header);
    headers = curl_slist_append(headers, id_header);
    headers = curl_slist_append(headers, "Expect:");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "mod_user_audit");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(content));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, content);
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer);
    result->outcome =
        code == CURLE_OK && answer >= 200 && answer < 300 ? DELIVERY_DONE : DELIVERY_AGAIN;
    if (result->outcome != DELIVERY_DONE) {
        set_reason(result, code, answer, error);
    }
    curl_slist_free_all(headers);
}

void transfer(const delivery_config_t *config, const char *id, const char *recipient,
              const char *content, const volatile int *stop, delivery_result_t *result)
{
    CURL *curl = curl_easy_init();
    char error[CURL_ERROR_SIZE];

    memset(result, 0, sizeof(*result));
    apr_cpystrn(result->id, id, sizeof(result->id));
    result->outcome = DELIVERY_AGAIN;
    if (!curl) {
        apr_cpystrn(result->reason, "no memory", sizeof(result->reason));
        return;
    }
    set_common(curl, config, stop, error);
    if (!strncmp(config->url, "smtp", 4)) {
        send_mail(curl, config, recipient, content, result, error);
    }
    else {
        post(curl, config, id, content, result, error);
    }
    curl_easy_cleanup(curl);
}
