#!/bin/sh
cd "$LAMBDA_TASK_ROOT" && exec node server.js
