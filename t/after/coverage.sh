#!/bin/sh
# After all tests with sanitizers: which lines of src/ they reached, and whether each room stands above the
# floor. script/test sets TOP, BUILD_DIR, the counters' folder GCOV_PREFIX, and COVERAGE_FLOOR (percent of the
# lines of each room).
#
# Line by line: build/sanitizers/report/index.html.
set -eu

folder=$BUILD_DIR/sanitizers
after=$TOP/t/after

# Next to what the compiler noted of each object. One that no process took has an empty file.
find "$folder" -name '*.gcda' -delete
find "$GCOV_PREFIX" -name '*.gcda' -size 0 -delete
cp -r "$GCOV_PREFIX$folder/." "$folder"

if [ -s "$GCOV_PREFIX/errors" ]; then
    sed 's/^/# /' "$GCOV_PREFIX/errors" >&2
fi
mkdir -p "$folder/report"
gcovr -j "$(nproc)" --root "$TOP" --filter "$TOP/src/" --object-directory "$folder" \
    --exclude-directories '.*/t/.*' --exclude '.*resources\.c' --json-summary "$folder/report/summary.json" \
    --html-details "$folder/report/index.html" "$folder/src" >"$folder/report/log" 2>&1 || {
    cat "$folder/report/log" >&2
    exit 1
}
exec python3 "$after/coverage.py" "$folder/report/summary.json" "$COVERAGE_FLOOR"
