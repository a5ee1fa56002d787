#!/bin/bash
exec python3 -m uvicorn --port "$PORT" --log-level warning main:app
