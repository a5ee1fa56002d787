#!/bin/sh
exec node_modules/@oven/bun-linux-*/bin/bun run out/server.js
