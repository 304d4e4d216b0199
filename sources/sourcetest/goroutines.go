package sourcetest

import (
	"reflect"
	"runtime"
	"strings"
	"time"
)

// packageOf is the import path of a source's package.
func packageOf(src any) string {
	kind := reflect.TypeOf(src)
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	return kind.PkgPath()
}

// goroutines are the stacks of all goroutines, by number.
func goroutines() map[string]string {
	buf := make([]byte, 1<<16)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	all := map[string]string{}
	for stack := range strings.SplitSeq(string(buf[:n]), "\n\n") {
		number, _, _ := strings.Cut(strings.TrimPrefix(stack, "goroutine "), " ")
		all[number] = stack
	}
	return all
}

// working are the stacks of the goroutines that have started since before, have to do with a package, and still work.
// Those that libraries keep for themselves, idle connections for one, have not. One that looks as if it was about to
// return may as well be about to begin, so it is looked at until it has gone.
func working(pkg string, before map[string]string) []string {
	for end := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
		var left, doubtful []string
		for number, stack := range goroutines() {
			_, old := before[number]
			switch {
			case old || !strings.Contains(stack, pkg+"."):
			case atItsEdge(stack):
				doubtful = append(doubtful, stack)
			default:
				left = append(left, stack)
			}
		}
		if len(left) > 0 || len(doubtful) == 0 || time.Now().After(end) {
			return append(left, doubtful...)
		}
	}
}

// atItsEdge reports whether a goroutine has not made its first call yet or has made its last one, as the one has that has
// just closed the channel another one waited for: it is not blocked and has nothing on its stack but its first function.
func atItsEdge(stack string) bool {
	head, body, _ := strings.Cut(stack, "\n")
	if !strings.Contains(head, "[running") && !strings.Contains(head, "[runnable") {
		return false
	}
	calls := 0
	for line := range strings.Lines(body) {
		if !strings.HasPrefix(line, "\t") && !strings.HasPrefix(line, "created by ") && !strings.HasPrefix(line, "runtime.") {
			calls++
		}
	}
	return calls <= 1
}
