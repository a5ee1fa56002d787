#!/bin/sh
cd "$LAMBDA_TASK_ROOT" && exec python3 -m uvicorn --port "$PORT" --log-level warning main:app
