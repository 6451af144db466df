#!/bin/sh
# The reader of XML-RPC against Python's xmlrpc.client. From the build folder, or with the path of
# body_driver as argument.
if ! command -v python3 >/dev/null 2>&1; then
    echo "1..0 # SKIP python3 is missing"
    exit 77
fi
exec python3 -B "$(dirname "$0")/xmlrpc_python.py" "${1:-t/unit/body_driver}"
