#!/bin/sh
# The stand-in behaves as the recordings say.
exec python3 "$(dirname "$0")/lib/test_standin.py"
