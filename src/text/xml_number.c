#include "xml_number.h"

#include <string.h>
#include <strings.h>

#include <apr_lib.h>

#define BLANKS " \t\n\v\f\r"

typedef struct reader_t {
    const char *text, *end;
    char *to;
} reader_t;

static reader_t start(const char *text, apr_size_t length, char *to)
{
    reader_t reader = {text, text + length, to};

    while (reader.text < reader.end && *reader.text && strchr(BLANKS, *reader.text)) {
        reader.text++;
    }
    while (reader.end > reader.text && reader.end[-1] && strchr(BLANKS, reader.end[-1])) {
        reader.end--;
    }
    return reader;
}

static int at(const reader_t *reader, const char *characters)
{
    return reader->text < reader->end && *reader->text && strchr(characters, *reader->text);
}

static void put(reader_t *reader, char character)
{
    *reader->to++ = character;
}

static void read_sign(reader_t *reader)
{
    if (at(reader, "+-")) {
        if (*reader->text == '-') {
            put(reader, '-');
        }
        reader->text++;
    }
}

/* Digits that single underscores may part. Leading zeros go, but for the last. Returns how many
 * there were. */
static apr_size_t read_digits(reader_t *reader, int keep_zeros)
{
    const char *first = reader->to;
    apr_size_t count = 0;

    while (at(reader, "0123456789_")) {
        if (*reader->text == '_' &&
            (count == 0 || reader->text + 1 == reader->end || !apr_isdigit(reader->text[1]))) {
            break;
        }
        if (*reader->text != '_') {
            if (!keep_zeros && reader->to == first + 1 && *first == '0') {
                reader->to--;
            }
            put(reader, *reader->text);
            count++;
        }
        reader->text++;
    }
    return count;
}

static int finish(reader_t *reader)
{
    *reader->to = '\0';
    return reader->text == reader->end;
}

int xml_integer(const char *text, apr_size_t length, char number[XML_NUMBER_MAX + 1])
{
    reader_t reader = start(text, length, number);

    read_sign(&reader);
    return length <= XML_NUMBER_MAX && read_digits(&reader, 0) > 0 && finish(&reader);
}

static int read_word(reader_t *reader, const char *word, const char *written)
{
    if ((apr_size_t)(reader->end - reader->text) != strlen(word) ||
        strncasecmp(reader->text, word, strlen(word)) != 0) {
        return 0;
    }
    while (*written) {
        put(reader, *written++);
    }
    reader->text = reader->end;
    return 1;
}

static int read_exponent(reader_t *reader)
{
    put(reader, 'e');
    reader->text++;
    read_sign(reader);
    return read_digits(reader, 1) > 0;
}

/* "1.", ".5" and "1" are floats in Python; JSON wants digits on both sides of the point, and it is
 * written even where there was none, so that 1.0 does not pass for the integer 1. */
static int read_decimal(reader_t *reader)
{
    apr_size_t whole = read_digits(reader, 0), fraction = 0;

    if (whole == 0) {
        put(reader, '0');
    }
    put(reader, '.');
    if (at(reader, ".")) {
        reader->text++;
        fraction = read_digits(reader, 1);
    }
    if (fraction == 0) {
        put(reader, '0');
    }
    if (whole + fraction == 0) {
        return 0;
    }
    return at(reader, "eE") ? read_exponent(reader) : 1;
}

int xml_float(const char *text, apr_size_t length, char number[XML_NUMBER_MAX + 1])
{
    reader_t reader = start(text, length, number);

    if (length > XML_NUMBER_MAX - 4) {
        return 0;
    }
    read_sign(&reader);
    if (read_word(&reader, "inf", "Infinity") || read_word(&reader, "infinity", "Infinity")) {
        return finish(&reader);
    }
    if (read_word(&reader, "nan", "NaN")) {
        memcpy(number, "NaN", 4); /* it has no sign in JSON */
        return 1;
    }
    return read_decimal(&reader) && finish(&reader);
}
