package app

import (
	"strings"
	"testing"
	"time"

	"parallax/auditors/ledger"
	"parallax/internal/audit"
	"parallax/internal/record"
	"parallax/sources/aurora"
)

// What the databases say differs is judged by a rule, or alike by now, or numbered anew; anything else is a gap.
func TestADifferenceThatNobodyJudgesIsAGap(t *testing.T) {
	row := func(id, status, rrn string) []record.Entry {
		return []record.Entry{{ID: id, PaymentID: "pay", Status: status, RRN: rrn, CreatedAt: noon}}
	}
	for _, test := range []struct {
		name         string
		read, again  [2][]record.Entry // by the comparison and by the look-up, of the writer and the snapshot
		words        string
		writer, rows bool // left to be judged
	}{
		{"judged by a rule", [2][]record.Entry{row("1", "captured", ""), row("1", "refunded", "")}, [2][]record.Entry{row("1", "captured", ""), row("1", "refunded", "")}, "", true, true},
		{"alike by now", [2][]record.Entry{row("1", "captured", ""), row("1", "refunded", "")}, [2][]record.Entry{row("1", "refunded", ""), row("1", "refunded", "")}, "", true, true},
		{"numbered anew", [2][]record.Entry{row("1", "captured", ""), row("7", "captured", "")}, [2][]record.Entry{row("1", "captured", ""), row("7", "captured", "")}, "", true, true},
		{"in a field that no rule sees", [2][]record.Entry{row("1", "captured", "5"), row("1", "captured", "6")}, [2][]record.Entry{row("1", "captured", "5"), row("1", "captured", "6")},
			"the rows of 1 payments differ and no rule explains it (pay)", true, true},
		{"found nowhere", [2][]record.Entry{nil, row("1", "captured", "")}, [2][]record.Entry{nil, nil}, "not found by their payment id (pay)", false, false},
		{"found in one only", [2][]record.Entry{row("1", "captured", ""), row("1", "refunded", "")}, [2][]record.Entry{nil, row("1", "refunded", "")}, "not found by their payment id (pay)", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &ledgerAudit{task: task{window: audit.Window{From: noon, To: noon.Add(time.Hour)}}}
			c.ledger.Compare = []string{"status"}
			p := &ledgerPair{other: &ledgerCopy{}, copy: ledger.Copy{Witness: record.Snapshot, Region: dublin, Writer: test.again[0], Rows: test.again[1]}}
			c.unexplained(p, aurora.Residue{Left: test.read[0], Right: test.read[1]})
			gaps := p.other.line.Gaps
			if test.words == "" && len(gaps) > 0 || test.words != "" && (len(gaps) != 1 || !strings.Contains(gaps[0].Reason, test.words)) {
				t.Errorf("gaps %+v", gaps)
			}
			if (len(p.copy.Writer) > 0) != test.writer || (len(p.copy.Rows) > 0) != test.rows {
				t.Errorf("left to judge: %+v", p.copy)
			}
		})
	}
}
