#!/bin/sh
# The reader of multipart forms against werkzeug's. From the build folder, or with the path of
# body_driver as argument.
if ! python3 -c 'import werkzeug.formparser' 2>/dev/null; then
    echo "1..0 # SKIP python3-werkzeug is missing"
    exit 77
fi
exec python3 -B "$(dirname "$0")/multipart_python.py" "${1:-t/unit/body_driver}"
