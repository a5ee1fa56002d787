#!/bin/sh
exec node_modules/@deno/linux-*/deno run -A main.ts
