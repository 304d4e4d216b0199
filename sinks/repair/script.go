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
// told and makes the script end with 1.
func keysScript(p Plan, base string, items []Item, inputs []body, about []About) []byte {
	var b strings.Builder
	b.WriteString(shellHead(p, "send the conditional writes of "+base+".json, in order", about))
	b.WriteString(`failed=0
write() { # finding region operation input
  in_time
  if answer=$(aws dynamodb "$3" --region "$2" --cli-input-json "file://$4" 2>&1); then
    echo "$1: $3 done"
  else
    case $answer in
      *ConditionalCheckFailed*) echo "$1: nothing done: the item is gone, or no longer as the audit saw it" ;;
      *) echo "$1: $3: $answer" >&2; failed=1 ;;
    esac
  fi
}
`)
	n := 0
	for _, it := range items {
		for _, w := range it.Writes {
			fmt.Fprintf(&b, "write %s %s %s %s\n", it.Findings[0], shellWord(string(it.Region)), w.Operation, shellWord(inputs[n].name))
			n++
		}
	}
	b.WriteString("exit $failed\n")
	return []byte(b.String())
}

// shellWord quotes a word for the shell.
func shellWord(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
