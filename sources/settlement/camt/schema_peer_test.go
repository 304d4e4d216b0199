//go:build peers

package camt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"parallax/internal/lab/cardfile"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// peerReads runs the peer on files and returns the objects it prints.
func peerReads(t *testing.T, files ...string) []peerLine {
	t.Helper()
	python, err := filepath.Abs("../../../.tools/python/bin/python")
	if err == nil {
		_, err = os.Stat(python)
	}
	if err != nil {
		t.Fatalf("pyiso20022, a reader to compare with, is installed by `make test-peers`: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), python, append([]string{filepath.Join("testdata", "camt_peer.py")}, files...)...)
	var out, problem bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		t.Fatalf("pyiso20022: %v\n%s", err, problem.String())
	}
	var lines []peerLine
	for from := json.NewDecoder(&out); ; {
		var l peerLine
		if err := from.Decode(&l); errors.Is(err, io.EOF) {
			return lines
		} else if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
}

// peerLine is what the peer reads: of a file its statements, then line by line.
type peerLine struct {
	Statements                                                             []string
	Amount, Currency, Direction, Booked, Value, Reference, Note, Code, Fee string
}

// asPeer is one of our lines in the peer's words.
func asPeer(t *testing.T, l record.SettlementLine) peerLine {
	t.Helper()
	digits, err := decode.Exponent(l.Amount.Currency)
	if err != nil {
		t.Fatal(err)
	}
	decimal := func(minor int64) string {
		text := fmt.Sprintf("%0*d", digits+1, max(minor, -minor))
		if digits == 0 {
			return text
		}
		return text[:len(text)-digits] + "." + text[len(text)-digits:]
	}
	p := peerLine{
		Amount: decimal(l.Amount.Minor), Currency: l.Amount.Currency, Direction: "CRDT", Booked: l.BusinessDate, Value: l.ValueDate,
		Reference: l.Reference, Note: l.Note, Code: l.Code, Fee: "0",
	}
	if l.Amount.Minor < 0 {
		p.Direction = "DBIT"
	}
	if l.Fee.Currency != "" {
		p.Fee = decimal(l.Fee.Minor)
	}
	return p
}

// TestPeerReadsTheSame writes statements of every version and reads them with classes made from the public schemas too: the
// files keep the schemas' rules, and every field we read is the peer's.
func TestPeerReadsTheSame(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 53))
	var files []string
	var want []peerLine
	for version := 2; version <= 12; version++ {
		for _, notification := range []bool{false, true} {
			text := written(t, func(f *cardfile.Camt) {
				f.Version, f.Notification, f.Batch, f.Lines, f.Latin1 = version, notification, 1+rng.IntN(4), nil, rng.IntN(2) == 0
				for i := range 40 {
					l := cardfile.Line{Kind: cardfile.Payout, Reference: fmt.Sprintf("po_%d", i), Minor: rng.Int64N(1_000_000_000), Currency: []string{"EUR", "GBP", "JPY"}[rng.IntN(3)]}
					if rng.IntN(3) == 0 {
						l.Kind = cardfile.Refund
					}
					if rng.IntN(3) == 0 {
						l.Fee = rng.Int64N(1000)
					}
					if rng.IntN(3) == 0 {
						l.Note = " größer & <kleiner>"
					}
					f.Lines = append(f.Lines, l)
				}
				f.Pending = f.Lines[:2]
			})
			file := filepath.Join(t.TempDir(), fmt.Sprintf("%d-%t.xml", version, notification))
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			lines, s, err := decodeText(text)
			if err != nil || len(lines) != 40 {
				t.Fatalf("version %d: %d lines, %+v, %v", version, len(lines), s, err)
			}
			var ids []string
			for id := range strings.SplitSeq(s.FileID, " + ") {
				ids = append(ids, strings.TrimSuffix(id, "/211 ****3000"))
			}
			files, want = append(files, file), append(want, peerLine{Statements: ids})
			for _, l := range lines {
				want = append(want, asPeer(t, l))
			}
		}
	}
	got := peerReads(t, files...)
	if len(got) != len(want) {
		t.Fatalf("the peer reads %d lines, we %d", len(got), len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("line %d:\nthe peer reads %+v\nwe read        %+v", i, got[i], want[i])
		}
	}
}
