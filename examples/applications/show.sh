#!/bin/sh
# Shows which secrets a pod was given, as it read them itself: `<file> <field> <bytes> <SHA-256>`, a line for each
# value, and again whenever one has changed. Never a value. But a weak one can be guessed from its digest: this is for
# an example and for nothing else.
#   show.sh DIRECTORY STATUS-FILE [once]
set -eu
export LC_ALL=C # bytes, not characters

# A JSON object of texts, as the agent's toJSON writes it, parsed.
json() {
  lines=$(awk -v file="$(basename "$1")" '
    function wrong(why) { print file ": " why > "/dev/stderr"; failed = 1; exit 1 }
    function skip() { while (substr(all, at, 1) ~ /[ \t\r\n]/) at++ }
    function expect(sign) { skip(); if (substr(all, at++, 1) != sign) wrong("expected " sign " at " at - 1) }
    function hex(digits,   i, n) {
      for (i = 1; i <= 4; i++) n = n * 16 + index("0123456789abcdef", tolower(substr(digits, i, 1))) - 1
      return n
    }
    function utf8(n) {
      if (n < 128) return sprintf("%c", n)
      if (n < 2048) return sprintf("%c%c", 192 + int(n / 64), 128 + n % 64)
      return sprintf("%c%c%c", 224 + int(n / 4096), 128 + int(n / 64) % 64, 128 + n % 64)
    }
    function text(   out, sign) {
      expect("\"")
      while ((sign = substr(all, at++, 1)) != "\"") {
        if (sign == "") wrong("ends within a text")
        if (sign == "\\") {
          sign = substr(all, at++, 1)
          if (sign == "u") { sign = utf8(hex(substr(all, at, 4))); at += 4 }
          else if (sign in escapes) sign = escapes[sign]
        }
        out = out sign
      }
      return out
    }
    { all = all (NR > 1 ? "\n" : "") $0 }
    END {
      if (failed) exit 1
      escapes["b"] = "\b"; escapes["f"] = "\f"; escapes["n"] = "\n"; escapes["r"] = "\r"; escapes["t"] = "\t"
      at = 1
      expect("{")
      for (more = 1; more; ) {
        name = text(); expect(":"); skip(); value = text()
        printf "%s %s %d ", file, name, length(value)
        fflush()
        printf "%s", value | "sha256sum"
        close("sha256sum")
        skip()
        more = substr(all, at, 1) == ","
        if (more) at++
      }
      expect("}")
      skip()
      if (at <= length(all)) wrong("goes on after its end")
    }' "$1") || return 1
  printf '%s\n' "$lines" | sed 's/ *-$//' # the digest of standard input
}

# Lines that a shell sources, sourced.
env_file() (
  . "$1"
  # What looks like one within a value is no variable.
  for name in $(sed -n "s/^export \([A-Z_][A-Z0-9_]*\)='.*/\1/p" "$1" | sort -u); do
    eval "value=\${$name-} there=\${$name+yes}"
    if [ "$there" ]; then
      printf '%s %s %d %s\n' "$(basename "$1")" "$name" "${#value}" "$(printf '%s' "$value" | sha256sum | cut -d' ' -f1)"
    fi
  done
)

show() {
  for file in "$1"/*; do
    case $file in
    *.json) json "$file" ;;
    *.env) env_file "$file" ;;
    *) printf '%s - %d %s\n' "$(basename "$file")" "$(wc -c <"$file")" "$(sha256sum <"$file" | cut -d' ' -f1)" ;;
    esac || return 1
  done
}

trap 'exit 0' TERM INT
last=
while :; do
  # Whole or not at all: a file may just be written.
  now=$(show "$1") || now=
  if [ "$now" ] && [ "$now" != "$last" ]; then
    last=$now
    printf '%s\n' "$now" >"$2.new"
    mv "$2.new" "$2"
    printf '%s\n' "$now"
  fi
  [ "${3-}" != once ] || { [ "$now" ] && exit 0 || exit 1; }
  # In the background, so that a signal ends it at once.
  sleep 2 &
  wait $!
done
