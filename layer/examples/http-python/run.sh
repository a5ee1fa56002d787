#!/bin/bash
# With a framework: exec python3 -m uvicorn --port "$PORT" app:app
exec python3 app.py
