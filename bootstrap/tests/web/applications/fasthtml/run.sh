#!/bin/bash
PATH=$PATH:$LAMBDA_TASK_ROOT/bin exec python main.py
