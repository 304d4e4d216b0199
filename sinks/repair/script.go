package repair

import (
	"fmt"
	"strings"
	"time"
)

// shellHead begins a script: what it says of itself, and that it does nothing when it is too late. The service's conditions
// know no clock, so the script looks at one before each request.
func shellHead(p Plan, purpose string, about []About) string {
	var b strings.Builder
	b.WriteString("#!/bin/sh\n")
	for _, line := range headline(p, purpose, about) {
		b.WriteString("# " + line + "\n")
	}
	fmt.Fprintf(&b, `set -u
cd "$(dirname "$0")" || exit 2
in_time() {
  if [ "$(date -u +%%s)" -ge %d ]; then
    echo "this repair file has expired at %s: nothing more is changed, write it anew" >&2
    exit 2
  fi
}
in_time
`, p.Expires.Unix(), p.Expires.UTC().Format(time.RFC3339))
	return b.String()
}

// keysScript sends the requests of a table one by one. A write whose condition does not hold is none; any other refusal is
// told and makes the script end with 1. A write that waits for another to arrive is left out where that takes over a minute.
func keysScript(p Plan, purpose string, lines []string, about []About) []byte {
	return []byte(shellHead(p, purpose, about) + `failed=0
done=0
skip=0
write() { # finding region operation input
  in_time
  if [ $skip = 1 ]; then skip=0; return; fi
  done=0
  if answer=$(aws dynamodb "$3" --region "$2" --cli-input-json "file://$4" 2>&1); then
    done=1
    echo "$1: $3 done"
  else
    case $answer in
      *ConditionalCheckFailed*) echo "$1: nothing done: the item is gone, or no longer as the audit saw it" ;;
      *) echo "$1: $3: $answer" >&2; failed=1 ;;
    esac
  fi
}
only() { # finding region input attributes
  if [ $skip = 1 ]; then return; fi
  if ! count=$(aws dynamodb get-item --region "$2" --cli-input-json "file://$3" --query "length(Item || '')" --output text 2>&1); then
    echo "$1: get-item: $count" >&2
    failed=1
    skip=1
  elif [ "$count" != "$4" ]; then
    echo "$1: nothing done: the item is gone, or has other attributes than the audit saw"
    skip=1
  fi
}
arrived() { # finding region input attribute value
  [ $done = 1 ] && [ $skip = 0 ] || return 0
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
    [ "$(aws dynamodb get-item --region "$2" --cli-input-json "file://$3" --query "$4" --output text 2>/dev/null)" = "$5" ] && return 0
    sleep 2
  done
  echo "$1: the first write has not arrived in $2: the second is left out, run the script again later" >&2
  failed=1
  skip=1
}
` + strings.Join(lines, "\n") + "\nexit $failed\n")
}

// shellWord quotes a word for the shell.
func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
