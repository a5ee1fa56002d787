#!/bin/sh
export HOST=127.0.0.1 NODE_ENV=production
exec node node_modules/@react-router/serve/bin.js build/server/index.js
