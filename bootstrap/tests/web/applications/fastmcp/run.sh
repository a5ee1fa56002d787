#!/bin/bash
PATH=$PATH:$LAMBDA_TASK_ROOT/bin exec python -m uvicorn --port=$PORT app:app
