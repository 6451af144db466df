/* Private to the text room. */
#ifndef SRC_TEXT_HEX_H
#define SRC_TEXT_HEX_H

/* 0 to 15, or -1 if the character is no hex digit. */
static inline int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return -1;
}

#endif
