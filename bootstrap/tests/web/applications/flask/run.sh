#!/bin/bash
PATH=$PATH:$LAMBDA_TASK_ROOT/bin exec python -m gunicorn -b=:$PORT -w=1 app:app
