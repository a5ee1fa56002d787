#!/bin/bash
exec node app.mjs
