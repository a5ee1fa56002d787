#!/bin/sh
# PHP-FPM runs beside nginx, which stays. Both get their files' places and the port here.
set -e
sed -e "s|@ROOT@|$LAMBDA_TASK_ROOT|g" -e "s|@PORT@|$PORT|g" nginx.conf.in >nginx.conf
sed -e "s|@ROOT@|$LAMBDA_TASK_ROOT|g" php-fpm.conf.in >php-fpm.conf
php-fpm -n --nodaemonize --fpm-config "$LAMBDA_TASK_ROOT/php-fpm.conf" --allow-to-run-as-root &
exec nginx -p "$LAMBDA_TASK_ROOT" -c "$LAMBDA_TASK_ROOT/nginx.conf" -g 'daemon off;'
