/* What every fuzz target defines: called by libFuzzer, or by replay.c with a file's content. It
 * aborts when a property does not hold, and returns 0. */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
