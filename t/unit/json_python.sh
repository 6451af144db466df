#!/bin/sh
# The JSON scanner, tree and writer against Python's json module. From the build folder, or with
# the path of json_driver as argument.
if ! command -v python3 >/dev/null 2>&1; then
    echo "1..0 # SKIP python3 is missing"
    exit 77
fi
exec python3 "$(dirname "$0")/json_python.py" "${1:-t/unit/json_driver}"
