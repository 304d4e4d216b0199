package main

import (
	"fmt"
	"io"
	"time"

	"parallax/internal/lab/cardfile"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/ipm"
)

// fileFormats are the formats that are measured.
var fileFormats = []fileFormat{
	{name: "IPM-ASCII", write: writeIPM(cardfile.ASCII, false), decode: known(ipm.Decode), peer: peerIPM},
	{name: "IPM-EBCDIC-1014", write: writeIPM(cardfile.EBCDIC, true), decode: known(ipm.Decode)},
}

func known(f decode.Func) func() (decode.Func, error) {
	return func() (decode.Func, error) { return f, nil }
}

var businessDate = time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)

func writeIPM(encoding cardfile.Encoding, blocked bool) func(io.Writer, int) error {
	return func(w io.Writer, lines int) error {
		f := cardfile.IPM{FileID: cardfile.NewFileID(businessDate, 1), Encoding: encoding, Blocked: blocked}
		return f.Write(w, fileLines(lines))
	}
}

// fileLines are lines of an acquirer's day.
func fileLines(n int) []cardfile.Line {
	lines := make([]cardfile.Line, n)
	for i := range lines {
		lines[i] = cardfile.Line{
			Issuer: "mastercard", Reference: fmt.Sprintf("MCC%06d1118", i), RRN: fmt.Sprintf("%012d", i), Auth: fmt.Sprintf("A%05d", i%100_000),
			ARN: fmt.Sprintf("%023d", i), Minor: int64(100 + i%90_000), Currency: "EUR", At: businessDate.Add(time.Duration(i) * time.Millisecond),
		}
	}
	return lines
}
