#!/bin/sh
# Writes markup and terminal escapes; fails where it has no capability, so that reports show what it wrote.
printf '</pre></script><script>document.title="owned"</script>\033[2J\033]0;owned\007\342\200\256gnp.exe\n'
chown nobody /hostile.sh || exit 1
'";alert(1)'
'<img src=x>' 600 &
'<script>document.title="owned"<' 600 &
trap 'kill $(jobs -p); exit 0' TERM
wait
