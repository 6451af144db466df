#include "text/multipart.h"

#include <string.h>
#include <strings.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "header_option.h"
#include "text/buffer.h"
#include "text/utf8.h"

#define FORM_DATA "multipart/form-data"
#define MAX_BREAK 2                                /* bytes of a line break */
#define MAX_BLANKS 1024                            /* behind a boundary on its line */
#define MAX_DELIMITER (2 + MULTIPART_MAX_BOUNDARY) /* "--" and the boundary */

typedef enum state_t {
    STATE_PREAMBLE, /* before the first boundary */
    STATE_HEAD,     /* headers of a part */
    STATE_DATA,
    STATE_EPILOGUE, /* behind the last boundary: nothing of it counts */
    STATE_BAD
} state_t;

/* What came behind a delimiter on its line. */
typedef enum ending_t {
    ENDING_NONE, /* there was no delimiter */
    ENDING_START,
    ENDING_BLANKS,
    ENDING_DASH, /* the first of two that make it the last boundary */
    ENDING_NEXT, /* the line is over: a part comes */
    ENDING_LAST
} ending_t;

struct multipart_t {
    apr_pool_t *pool;
    apr_pool_t *part_pool; /* of the texts of one head */
    multipart_sink_t sink;
    state_t state;
    char delimiter[MAX_DELIMITER];
    apr_size_t delimiter_length;
    apr_byte_t border[MAX_DELIMITER]; /* Knuth, Morris and Pratt's failure function */
    apr_size_t matched;               /* bytes of the delimiter at the end of the preamble so far */
    ending_t ending;
    int matched_again; /* at the "-" of an ending: a boundary of dashes within another */
    /* Of the data, what may yet turn out to be a boundary: line break, delimiter, blanks. */
    char held[MAX_BREAK + MAX_DELIMITER + MAX_BLANKS];
    apr_size_t held_length;
    apr_size_t held_break; /* bytes of its line break */
    int break_is_head;     /* the line break ended the head: it is no data */
    int skip_line_feed;    /* the last byte was the CR that ended a boundary's line */
    buffer_t head;
    int wanted; /* the data of this part */
    apr_uint64_t size;
    apr_size_t part_count;
};

int multipart_is(const char *content_type)
{
    static const char form_data[] = FORM_DATA;
    apr_size_t length = sizeof(form_data) - 1;

    content_type += strspn(content_type, " \t");
    return strncasecmp(content_type, form_data, length) == 0 &&
           strchr(";, \t", content_type[length]) != NULL;
}

static void make_borders(multipart_t *multipart)
{
    apr_size_t border = 0;

    for (apr_size_t i = 1; i < multipart->delimiter_length; i++) {
        while (border > 0 && multipart->delimiter[i] != multipart->delimiter[border]) {
            border = multipart->border[border - 1];
        }
        border += multipart->delimiter[i] == multipart->delimiter[border];
        multipart->border[i] = (apr_byte_t)border;
    }
}

static void set_boundary(multipart_t *multipart, const char *content_type)
{
    const char *boundary = header_option(multipart->pool, content_type, "boundary");
    apr_size_t length = boundary ? strlen(boundary) : 0;

    if (length == 0 || length > MULTIPART_MAX_BOUNDARY || strpbrk(boundary, "\r\n")) {
        multipart->state = STATE_BAD;
        return;
    }
    memcpy(multipart->delimiter, "--", 2);
    memcpy(multipart->delimiter + 2, boundary, length);
    multipart->delimiter_length = length + 2;
    make_borders(multipart);
}

multipart_t *multipart_create(apr_pool_t *pool, const char *content_type,
                              const multipart_sink_t *sink)
{
    multipart_t *multipart = apr_pcalloc(pool, sizeof(*multipart));

    multipart->pool = pool;
    multipart->sink = *sink;
    if (apr_pool_create(&multipart->part_pool, pool) != APR_SUCCESS) {
        multipart->state = STATE_BAD;
        return multipart;
    }
    buffer_init(&multipart->head, pool, MULTIPART_MAX_HEAD);
    set_boundary(multipart, content_type);
    return multipart;
}

/* ---- the head of a part ---- */

static int is_break(char character)
{
    return character == '\r' || character == '\n';
}

/* A line that starts with a blank goes on with the one before. Works in place. */
static void join_lines(char *head)
{
    char *to = head;

    for (const char *from = head; *from;) {
        apr_size_t length = from[0] == '\r' && from[1] == '\n' ? 2 : is_break(*from);

        if (length > 0 && (from[length] == ' ' || from[length] == '\t')) {
            *to++ = ' ';
            from += length + 1;
        }
        else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

static char *strip(char *text)
{
    char *end = text + strlen(text);

    while (apr_isspace(*text)) {
        text++;
    }
    while (end > text && apr_isspace(end[-1])) {
        end--;
    }
    *end = '\0';
    return text;
}

/* The first header of a name counts. */
static void read_header(char *line, const char **disposition, const char **type)
{
    char *colon = strchr(line, ':');
    const char *name, *value = "";

    if (colon) {
        *colon = '\0';
        value = strip(colon + 1);
    }
    name = strip(line);
    if (!*disposition && strcasecmp(name, "Content-Disposition") == 0) {
        *disposition = value;
    }
    else if (!*type && strcasecmp(name, "Content-Type") == 0) {
        *type = value;
    }
}

static const char *repaired(apr_pool_t *pool, const char *text)
{
    return text ? utf8_repair(pool, text, strlen(text)) : NULL;
}

/* 0 if werkzeug gives the whole form up for this head. */
static int begin_part(multipart_t *multipart)
{
    apr_pool_t *pool = multipart->part_pool;
    const char *disposition = NULL, *type = NULL;
    multipart_part_t part;
    char *head, *state;

    apr_pool_clear(pool);
    if (++multipart->part_count > MULTIPART_MAX_PARTS ||
        utf8_valid_prefix(multipart->head.data, multipart->head.length) != multipart->head.length) {
        return 0;
    }
    /* Nothing is broken in it, but a NUL in a name must not end the name. */
    head = apr_pstrdup(pool, utf8_repair(pool, multipart->head.data, multipart->head.length));
    join_lines(head);
    for (char *line = apr_strtok(head, "\r\n", &state); line;
         line = apr_strtok(NULL, "\r\n", &state)) {
        read_header(line, &disposition, &type);
    }
    if (!disposition) {
        return 0;
    }
    part.name = repaired(pool, header_option(pool, disposition, "name"));
    part.name = part.name ? part.name : "";
    part.filename = repaired(pool, header_option(pool, disposition, "filename"));
    part.content_type = repaired(pool, type);
    multipart->wanted = multipart->sink.begin(multipart->sink.payload, &part);
    multipart->size = 0;
    return 1;
}

/* The blank line that ends a head is of two line breaks of one kind. Returns the bytes of one, 0
 * if the head goes on. */
static apr_size_t head_over(const buffer_t *head)
{
    const char *end = head->data + head->length;

    if (head->length >= 4 && memcmp(end - 4, "\r\n\r\n", 4) == 0) {
        return 2;
    }
    return head->length >= 2 && is_break(end[-1]) && end[-1] == end[-2];
}

/* The second line break of the blank line may start a boundary as well. */
static void end_head(multipart_t *multipart, apr_size_t break_length)
{
    multipart->held_length = multipart->held_break = break_length;
    memcpy(multipart->held, multipart->head.data + multipart->head.length - break_length,
           break_length);
    multipart->break_is_head = 1;
    multipart->head.length -= 2 * break_length;
    multipart->state = begin_part(multipart) ? STATE_DATA : STATE_BAD;
}

static apr_size_t feed_head(multipart_t *multipart, const char *data, apr_size_t length)
{
    for (apr_size_t i = 0; i < length; i++) {
        apr_size_t break_length;

        buffer_append_char(&multipart->head, data[i]);
        if (multipart->head.overflow) {
            multipart->state = STATE_BAD;
            return length;
        }
        break_length = head_over(&multipart->head);
        if (break_length > 0) {
            end_head(multipart, break_length);
            return i + 1;
        }
    }
    return length;
}

/* ---- boundaries ---- */

static void boundary_over(multipart_t *multipart)
{
    if (multipart->state == STATE_DATA) {
        multipart->sink.end(multipart->sink.payload, multipart->size);
    }
    multipart->state = multipart->ending == ENDING_LAST ? STATE_EPILOGUE : STATE_HEAD;
    multipart->ending = ENDING_NONE;
    multipart->held_length = multipart->held_break = 0;
    multipart->break_is_head = 0;
    buffer_reset(&multipart->head);
}

static int is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\v' || character == '\f';
}

static ending_t next_ending(ending_t ending, char character)
{
    if (ending == ENDING_DASH) {
        return character == '-' ? ENDING_LAST : ENDING_NONE;
    }
    if (ending == ENDING_START && character == '-') {
        return ENDING_DASH;
    }
    if (is_break(character)) {
        return ENDING_NEXT;
    }
    return is_blank(character) ? ENDING_BLANKS : ENDING_NONE;
}

/* The byte behind a delimiter. 1 if that was a whole boundary. */
static int take_ending(multipart_t *multipart, char character)
{
    multipart->ending = next_ending(multipart->ending, character);
    if (multipart->ending < ENDING_NEXT) {
        return 0;
    }
    multipart->skip_line_feed = multipart->ending == ENDING_NEXT && character == '\r';
    boundary_over(multipart);
    return 1;
}

/* The same where the delimiter may have begun one byte later as well. */
static int take_preamble_ending(multipart_t *multipart, char character)
{
    int again = multipart->ending == ENDING_DASH && multipart->matched_again;

    multipart->matched_again = 0;
    if (take_ending(multipart, character)) {
        return 1;
    }
    if (again && multipart->ending == ENDING_NONE) {
        multipart->ending = ENDING_START;
        return take_ending(multipart, character);
    }
    return 0;
}

/* In front of the first part a delimiter needs no line break before it, so that one may begin
 * within another. */
static apr_size_t feed_preamble(multipart_t *multipart, const char *data, apr_size_t length)
{
    apr_size_t matched = multipart->matched;

    for (apr_size_t i = 0; i < length; i++) {
        if (multipart->ending != ENDING_NONE && take_preamble_ending(multipart, data[i])) {
            return i + 1;
        }
        while (matched > 0 && data[i] != multipart->delimiter[matched]) {
            matched = multipart->border[matched - 1];
        }
        matched += data[i] == multipart->delimiter[matched];
        if (matched == multipart->delimiter_length) {
            multipart->matched_again = multipart->ending == ENDING_DASH;
            multipart->ending = multipart->matched_again ? ENDING_DASH : ENDING_START;
            matched = multipart->border[matched - 1];
        }
    }
    multipart->matched = matched;
    return length;
}

/* ---- the data of a part, up to the next boundary ---- */

static void emit(multipart_t *multipart, const char *data, apr_size_t length)
{
    multipart->size += length;
    if (multipart->wanted && length > 0) {
        multipart->sink.data(multipart->sink.payload, data, length);
    }
}

/* It was no boundary: what was held is data, but the line break of a head. */
static void release(multipart_t *multipart)
{
    apr_size_t skip = multipart->break_is_head ? multipart->held_break : 0;

    emit(multipart, multipart->held + skip, multipart->held_length - skip);
    multipart->held_length = multipart->held_break = 0;
    multipart->break_is_head = 0;
    multipart->ending = ENDING_NONE;
}

static void hold(multipart_t *multipart, const char *data, apr_size_t length)
{
    memcpy(multipart->held + multipart->held_length, data, length);
    multipart->held_length += length;
}

/* A byte behind a line break and a whole delimiter. 1 if a boundary may still come of it. */
static int hold_ending(multipart_t *multipart, char character)
{
    if (take_ending(multipart, character)) {
        return 1;
    }
    if (multipart->ending == ENDING_NONE) {
        return 0;
    }
    if (multipart->held_length == sizeof(multipart->held)) {
        multipart->state = STATE_BAD; /* more blanks than anybody sends */
        return 1;
    }
    hold(multipart, &character, 1);
    return 1;
}

/* A byte behind what is held. 1 if a boundary may still come of it. */
static int hold_more(multipart_t *multipart, char character)
{
    apr_size_t matched = multipart->held_length - multipart->held_break;

    if (multipart->ending != ENDING_NONE) {
        return hold_ending(multipart, character);
    }
    if (matched == 0 && multipart->held_break == 1 && multipart->held[0] == '\r' &&
        character == '\n') {
        multipart->held_break = 2;
    }
    else if (character != multipart->delimiter[matched]) {
        return 0;
    }
    hold(multipart, &character, 1);
    if (multipart->held_length - multipart->held_break == multipart->delimiter_length) {
        multipart->ending = ENDING_START;
    }
    return 1;
}

static apr_size_t break_length(const char *data, apr_size_t length)
{
    return length > 1 && data[0] == '\r' && data[1] == '\n' ? 2 : is_break(*data);
}

/* 1 if these last bytes may be the beginning of a line break with a delimiter behind it. */
static int may_begin(const multipart_t *multipart, const char *data, apr_size_t length)
{
    apr_size_t first = break_length(data, length);

    return first > 0 && length - first < multipart->delimiter_length &&
           memcmp(data + first, multipart->delimiter, length - first) == 0;
}

/* Passes on the data up to where a boundary may begin: to what is left then, hold_more is put. */
static void emit_up_to(multipart_t *multipart, const char *data, apr_size_t end,
                       apr_size_t held_end)
{
    emit(multipart, data, end);
    multipart->held_break = break_length(data + end, held_end - end);
    hold(multipart, data + end, held_end - end);
}

/* The last bytes, which do not hold a whole delimiter. */
static void scan_tail(multipart_t *multipart, const char *data, apr_size_t length)
{
    apr_size_t most = MAX_BREAK + multipart->delimiter_length - 1;

    for (apr_size_t i = length > most ? length - most : 0; i < length; i++) {
        if (is_break(data[i]) && may_begin(multipart, data + i, length - i)) {
            emit_up_to(multipart, data, i, length);
            return;
        }
    }
    emit(multipart, data, length);
}

static apr_size_t scan_data(multipart_t *multipart, const char *data, apr_size_t length)
{
    const char *from = data, *found;

    while ((found = memmem(from, (apr_size_t)(data + length - from), multipart->delimiter,
                           multipart->delimiter_length)) != NULL) {
        apr_size_t at = (apr_size_t)(found - data);

        if (at > 0 && is_break(data[at - 1])) {
            apr_size_t first = at - 1 - (at > 1 && data[at - 1] == '\n' && data[at - 2] == '\r');

            at += multipart->delimiter_length;
            emit_up_to(multipart, data, first, at);
            multipart->ending = ENDING_START;
            return at;
        }
        from = found + 1;
    }
    scan_tail(multipart, data, length);
    return length;
}

static apr_size_t feed_data(multipart_t *multipart, const char *data, apr_size_t length)
{
    if (multipart->held_length == 0) {
        return scan_data(multipart, data, length);
    }
    if (hold_more(multipart, *data)) {
        return 1;
    }
    release(multipart);
    return 0;
}

/* ---- what others call ---- */

static apr_size_t feed_some(multipart_t *multipart, const char *data, apr_size_t length)
{
    if (multipart->skip_line_feed) {
        multipart->skip_line_feed = 0;
        return *data == '\n';
    }
    switch (multipart->state) {
    case STATE_PREAMBLE:
        return feed_preamble(multipart, data, length);
    case STATE_HEAD:
        return feed_head(multipart, data, length);
    case STATE_DATA:
        return feed_data(multipart, data, length);
    default:
        return length;
    }
}

void multipart_feed(multipart_t *multipart, const char *data, apr_size_t length)
{
    while (length > 0) {
        apr_size_t used = feed_some(multipart, data, length);

        data += used;
        length -= used;
    }
}

apr_status_t multipart_end(multipart_t *multipart)
{
    return multipart->state == STATE_EPILOGUE ? APR_SUCCESS : APR_EINVAL;
}
