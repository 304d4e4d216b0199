package app

import (
	"io"
	"time"

	"parallax/internal/lab/cardfile"
)

func settlementDay() time.Time { return time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC) }

// dresses are all formats.
func dresses() []dress {
	ipm := func(f cardfile.IPM) func(io.Writer, []cardfile.Line, bool) error {
		return func(w io.Writer, lines []cardfile.Line, _ bool) error {
			f.FileID = "0012611180000009999900001"
			return f.Write(w, lines)
		}
	}
	return []dress{
		{name: "ipm", format: "ipm", write: ipm(cardfile.IPM{Encoding: cardfile.ASCII})},
		{name: "ipm in ebcdic and blocks", write: ipm(cardfile.IPM{Encoding: cardfile.EBCDIC, Blocked: true})},
	}
}
