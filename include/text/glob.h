/* Globs over model and field names: "*" stands for any run of characters, "?" for one; everything
 * else for itself, byte by byte. Linear time in pattern times text. Pure. */
#ifndef TEXT_GLOB_H
#define TEXT_GLOB_H

int glob_match(const char *pattern, const char *text);

#endif
