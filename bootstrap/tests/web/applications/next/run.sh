#!/bin/sh
export HOSTNAME=127.0.0.1
exec node .next/standalone/server.js
