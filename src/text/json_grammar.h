/* JSON as Python reads it, as tables: what a scanner does with each class of byte in each state. */
#ifndef TEXT_JSON_GRAMMAR_H
#define TEXT_JSON_GRAMMAR_H

#include "text/json_scan.h"

#define HEX_DIGITS 4 /* of a \u escape */

typedef enum state_t {
    /* between tokens: rows of structure_moves */
    AT_VALUE,
    AT_VALUE_OR_END,
    AT_KEY,
    AT_KEY_OR_END,
    AT_COLON,
    AT_ARRAY_COMMA,
    AT_OBJECT_COMMA,
    AT_END,
    /* within a token */
    IN_STRING,
    IN_ESCAPE,
    IN_HEX,
    IN_NUMBER,
    IN_WORD,
    REFUSED
} state_t;

typedef enum number_t {
    NUMBER_OVER, /* not a state: the byte does not belong to the number */
    NUMBER_START,
    NUMBER_MINUS,
    NUMBER_ZERO,
    NUMBER_INTEGER,
    NUMBER_POINT,
    NUMBER_FRACTION,
    NUMBER_E,
    NUMBER_SIGN,
    NUMBER_EXPONENT,
    NUMBER_STATES
} number_t;

typedef enum move_t {
    MOVE_REFUSE,
    MOVE_PASS,
    MOVE_OPEN_OBJECT,
    MOVE_OPEN_ARRAY,
    MOVE_CLOSE_OBJECT,
    MOVE_CLOSE_ARRAY,
    MOVE_STRING,
    MOVE_KEY,
    MOVE_NUMBER,
    MOVE_WORD,
    MOVE_TO_KEY,
    MOVE_TO_VALUE
} move_t;

typedef enum class_t {
    CLASS_OTHER,
    CLASS_SPACE,
    CLASS_QUOTE,
    CLASS_COMMA,
    CLASS_COLON,
    CLASS_OBJECT_BEGIN,
    CLASS_OBJECT_END,
    CLASS_ARRAY_BEGIN,
    CLASS_ARRAY_END,
    CLASS_ZERO,
    CLASS_DIGIT,
    CLASS_MINUS,
    CLASS_PLUS,
    CLASS_POINT,
    CLASS_E,
    CLASS_WORD,
    CLASSES
} class_t;

static const unsigned char byte_class[256] = {
    [' '] = CLASS_SPACE,      ['\t'] = CLASS_SPACE,
    ['\n'] = CLASS_SPACE,     ['\r'] = CLASS_SPACE,
    ['"'] = CLASS_QUOTE,      [','] = CLASS_COMMA,
    [':'] = CLASS_COLON,      ['{'] = CLASS_OBJECT_BEGIN,
    ['}'] = CLASS_OBJECT_END, ['['] = CLASS_ARRAY_BEGIN,
    [']'] = CLASS_ARRAY_END,  ['0'] = CLASS_ZERO,
    ['1'] = CLASS_DIGIT,      ['2'] = CLASS_DIGIT,
    ['3'] = CLASS_DIGIT,      ['4'] = CLASS_DIGIT,
    ['5'] = CLASS_DIGIT,      ['6'] = CLASS_DIGIT,
    ['7'] = CLASS_DIGIT,      ['8'] = CLASS_DIGIT,
    ['9'] = CLASS_DIGIT,      ['-'] = CLASS_MINUS,
    ['+'] = CLASS_PLUS,       ['.'] = CLASS_POINT,
    ['e'] = CLASS_E,          ['E'] = CLASS_E,
    ['t'] = CLASS_WORD,       ['f'] = CLASS_WORD,
    ['n'] = CLASS_WORD,       ['N'] = CLASS_WORD,
    ['I'] = CLASS_WORD,
};

#define VALUE_MOVES                                                                                \
    [CLASS_SPACE] = MOVE_PASS, [CLASS_QUOTE] = MOVE_STRING,                                        \
    [CLASS_OBJECT_BEGIN] = MOVE_OPEN_OBJECT, [CLASS_ARRAY_BEGIN] = MOVE_OPEN_ARRAY,                \
    [CLASS_ZERO] = MOVE_NUMBER, [CLASS_DIGIT] = MOVE_NUMBER, [CLASS_MINUS] = MOVE_NUMBER,          \
    [CLASS_WORD] = MOVE_WORD

static const unsigned char structure_moves[AT_END + 1][CLASSES] = {
    [AT_VALUE] = {VALUE_MOVES},
    [AT_VALUE_OR_END] = {VALUE_MOVES, [CLASS_ARRAY_END] = MOVE_CLOSE_ARRAY},
    [AT_KEY] = {[CLASS_SPACE] = MOVE_PASS, [CLASS_QUOTE] = MOVE_KEY},
    [AT_KEY_OR_END] = {[CLASS_SPACE] = MOVE_PASS,
                       [CLASS_QUOTE] = MOVE_KEY,
                       [CLASS_OBJECT_END] = MOVE_CLOSE_OBJECT},
    [AT_COLON] = {[CLASS_SPACE] = MOVE_PASS, [CLASS_COLON] = MOVE_TO_VALUE},
    [AT_ARRAY_COMMA] = {[CLASS_SPACE] = MOVE_PASS,
                        [CLASS_COMMA] = MOVE_TO_VALUE,
                        [CLASS_ARRAY_END] = MOVE_CLOSE_ARRAY},
    [AT_OBJECT_COMMA] = {[CLASS_SPACE] = MOVE_PASS,
                         [CLASS_COMMA] = MOVE_TO_KEY,
                         [CLASS_OBJECT_END] = MOVE_CLOSE_OBJECT},
    [AT_END] = {[CLASS_SPACE] = MOVE_PASS},
};

static const unsigned char number_moves[NUMBER_STATES][CLASSES] = {
    [NUMBER_START] =
        {[CLASS_MINUS] = NUMBER_MINUS, [CLASS_ZERO] = NUMBER_ZERO, [CLASS_DIGIT] = NUMBER_INTEGER},
    [NUMBER_MINUS] = {[CLASS_ZERO] = NUMBER_ZERO, [CLASS_DIGIT] = NUMBER_INTEGER},
    [NUMBER_ZERO] = {[CLASS_POINT] = NUMBER_POINT, [CLASS_E] = NUMBER_E},
    [NUMBER_INTEGER] = {[CLASS_ZERO] = NUMBER_INTEGER,
                        [CLASS_DIGIT] = NUMBER_INTEGER,
                        [CLASS_POINT] = NUMBER_POINT,
                        [CLASS_E] = NUMBER_E},
    [NUMBER_POINT] = {[CLASS_ZERO] = NUMBER_FRACTION, [CLASS_DIGIT] = NUMBER_FRACTION},
    [NUMBER_FRACTION] =
        {[CLASS_ZERO] = NUMBER_FRACTION, [CLASS_DIGIT] = NUMBER_FRACTION, [CLASS_E] = NUMBER_E},
    [NUMBER_E] = {[CLASS_ZERO] = NUMBER_EXPONENT,
                  [CLASS_DIGIT] = NUMBER_EXPONENT,
                  [CLASS_PLUS] = NUMBER_SIGN,
                  [CLASS_MINUS] = NUMBER_SIGN},
    [NUMBER_SIGN] = {[CLASS_ZERO] = NUMBER_EXPONENT, [CLASS_DIGIT] = NUMBER_EXPONENT},
    [NUMBER_EXPONENT] = {[CLASS_ZERO] = NUMBER_EXPONENT, [CLASS_DIGIT] = NUMBER_EXPONENT},
};

/* A number may end in these states. */
static const unsigned char number_complete[NUMBER_STATES] = {
    [NUMBER_ZERO] = 1,
    [NUMBER_INTEGER] = 1,
    [NUMBER_FRACTION] = 1,
    [NUMBER_EXPONENT] = 1,
};

/* What may stand behind a whole number that is over. */
static const unsigned char follows_integer[CLASSES] = {
    [CLASS_SPACE] = 1,
    [CLASS_COMMA] = 1,
    [CLASS_OBJECT_END] = 1,
    [CLASS_ARRAY_END] = 1,
};

/* Any number of digits may follow in these. */
static const unsigned char number_digits_stay[NUMBER_STATES] = {
    [NUMBER_INTEGER] = 1,
    [NUMBER_FRACTION] = 1,
    [NUMBER_EXPONENT] = 1,
};

typedef struct word_t {
    char text[9];
    unsigned char length;
    json_token_t token;
} word_t;

static const word_t words[] = {
    {"true", 4, JSON_TRUE},  {"false", 5, JSON_FALSE},     {"null", 4, JSON_NULL},
    {"NaN", 3, JSON_NUMBER}, {"Infinity", 8, JSON_NUMBER},
};

/* What follows a backslash, apart from u: the byte it stands for. */
static const char escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

/* The digit's value plus one. */
static const unsigned char hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

#endif
