package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"parallax/internal/app"
)

// progress returns a line on the terminal that is written over as work goes on: what, how far, how fast, how long still.
// Where standard error is no terminal it returns nil and nothing is shown.
func (c *cli) progress() app.Progress {
	f, ok := c.stderr.(*os.File)
	if !ok || !isTerminal(c.stderr) {
		return nil
	}
	var stage string
	var began, shown time.Time
	return func(s string, done, total int64) {
		now := time.Now()
		if s != stage {
			if stage != "" {
				fmt.Fprint(f, "\r\x1b[K")
			}
			stage, began = s, now
		} else if now.Sub(shown) < 100*time.Millisecond && done != total {
			return
		}
		shown = now
		fmt.Fprint(f, "\r\x1b[K"+progressLine(s, done, total, now.Sub(began)))
		if s == "" {
			stage = ""
		}
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) //nolint:gosec // a file descriptor is small
}

func progressLine(stage string, done, total int64, took time.Duration) string {
	if stage == "" {
		return ""
	}
	line := stage
	if total > 0 {
		line += fmt.Sprintf("  %d of %d", done, total)
	} else if done > 0 {
		line += fmt.Sprintf("  %d", done)
	}
	if seconds := took.Seconds(); done > 0 && seconds > 0.5 {
		rate := float64(done) / seconds
		line += fmt.Sprintf("  %.0f/s", rate)
		if total > done {
			line += fmt.Sprintf("  %s left", time.Duration(float64(total-done)/rate*float64(time.Second)).Round(time.Second))
		}
	}
	return line
}
