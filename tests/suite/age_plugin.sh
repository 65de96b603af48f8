#!/bin/sh
# An age plugin without a key: it keeps the file key in its stanza as it is, and hands it out for the PIN 1234.
# It speaks the protocol of age plugins (github.com/C2SP/C2SP, age-plugin.md) and writes down that it was started.
set -eu
echo "$1" >>"$HOME/plugin-runs"

# A stanza: the words after the arrow, and its body, which ends with a line of less than 64 characters.
receive() {
  read -r _ words
  body=
  while read -r line; do
    body=$body$line
    [ "${#line}" -lt 64 ] && break
  done
}
send() { printf -- '-> %s\n%s\n' "$1" "${2:-}"; }
encoded() { printf %s "$1" | base64 | tr -d '=\n'; }

key=
receive
while [ "$words" != done ]; do
  case "$words" in
    wrap-file-key | "recipient-stanza 0 fake") key=$body ;;
  esac
  receive
done

case "$1" in
  --age-plugin=recipient-v1)
    send "recipient-stanza 0 fake" "$key"
    receive
    ;;
  --age-plugin=identity-v1)
    if [ -n "$key" ]; then
      send msg "$(encoded 'Touch the fake key.')"
      receive
      send request-secret "$(encoded 'PIN of the fake key')"
      receive
      if [ "$words $body" = "ok $(encoded 1234)" ]; then
        send "file-key 0" "$key"
      else
        send "error identity 0" "$(encoded 'the PIN is wrong')"
      fi
      receive
    fi
    ;;
esac
send done
