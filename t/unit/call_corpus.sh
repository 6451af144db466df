#!/bin/sh
# Recordings of real Odoo through the odoo room, against their labels. From the build folder, or with the path
# of call_driver as argument.
if ! command -v python3 >/dev/null 2>&1; then
    echo "1..0 # SKIP python3 is missing"
    exit 77
fi
exec python3 -B "$(dirname "$0")/call_corpus.py" "${1:-t/unit/call_driver}"
