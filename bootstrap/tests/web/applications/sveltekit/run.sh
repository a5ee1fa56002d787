#!/bin/sh
# Larger than any event; the server's own limit is 512 KB.
export BODY_SIZE_LIMIT=8M
exec node build/index.js
