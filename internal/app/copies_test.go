package app

import (
	"strings"
	"testing"
	"time"

	"parallax/internal/audit"
	"parallax/internal/config"
	"parallax/internal/record"
)

// copiesOn are the copies of a ledger, each on the named server.
func copiesOn(dublin, london, snapshot string) ledgerCopies {
	rows := []record.Entry{{PaymentID: "pay_1"}}
	c := ledgerCopies{writer: rows, reader: rows, snapshot: rows, writerRegion: "eu-west-1"}
	c.add("eu-west-1", dublin, audit.Coverage{Source: "aurora", Region: "eu-west-1"})
	c.add("eu-west-2", london, audit.Coverage{Source: "aurora", Region: "eu-west-2"})
	c.add(snapshotName, snapshot, audit.Coverage{Source: "aurora snapshot"})
	return c
}

func TestCopiesOfOneServerAreNotCompared(t *testing.T) {
	noon := time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)
	w := audit.Window{From: noon, To: noon.Add(time.Hour)}
	ledger := config.Ledger{Name: "payments"}
	for _, test := range []struct {
		name                     string
		copies                   ledgerCopies
		writer, reader, snapshot bool
		line                     int // that holds the gap
		says                     string
	}{
		{"three servers", copiesOn("a", "b", "c"), true, true, true, -1, ""},
		{"none answers", copiesOn("", "", ""), true, true, true, -1, ""},
		{"the snapshot is the writer", copiesOn("a", "b", "a"), true, true, false, 2, "the snapshot is the database of eu-west-1 itself"},
		{"both regions are one", copiesOn("a", "a", "c"), false, false, true, 1, "eu-west-1 and eu-west-2 are one and the same database"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := test.copies
			c.sameServer(ledger, w)
			if (c.writer != nil) != test.writer || (c.reader != nil) != test.reader || (c.snapshot != nil) != test.snapshot {
				t.Errorf("kept: %+v", c)
			}
			for i, line := range c.coverage {
				if (i == test.line) == line.Complete() {
					t.Errorf("line %d: gaps %+v", i, line.Gaps)
				}
			}
			if test.line >= 0 && !strings.Contains(c.coverage[test.line].Gaps[0].Reason, test.says) {
				t.Errorf("gap %q does not say %q", c.coverage[test.line].Gaps[0].Reason, test.says)
			}
		})
	}
}
