#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
echo "hello $VERSION from pod ${POD_NAME:-$(hostname)} on node ${NODE_NAME:-unknown}"
