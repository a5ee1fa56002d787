#!/bin/sh
exec java -cp classes Application "--server.port=${PORT}"
