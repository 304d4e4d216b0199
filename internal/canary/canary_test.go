package canary

import (
	"slices"
	"testing"
	"time"

	"parallax/auditors/lww"
	"parallax/internal/audit"
)

func judged(h History, spoil func(*lww.Input)) Result {
	reach := lww.Reach{From: Window().From, Through: Window().To}
	in := lww.Input{
		Window: Window(), AsOf: Window().To, Changes: slices.Clone(h.Changes), Read: map[audit.Region]lww.Reach{First: reach, Second: reach},
	}
	if spoil != nil {
		spoil(&in)
	}
	rules := lww.Rules{
		Table: Table, Regions: []audit.Region{First, Second}, Settle: 15 * time.Minute, Clock: time.Second,
		Attr: lww.Attributes{
			WriteID: "write_id", Origin: "origin", PaymentID: "payment_id", AmountMinor: "amount_minor", Currency: "currency", Status: "status",
		},
	}
	got := lww.Auditor{Rules: rules}.Audit(in)
	return h.Judge(got.Findings, got.Matched, len(got.Breaks))
}

func TestTheAuditorFindsWhatIsKnown(t *testing.T) {
	h, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	if r := judged(h, nil); !r.Sound() || r.Known != 12 {
		t.Error(r)
	}
}

func TestAnAuditThatReadLessIsFoundOut(t *testing.T) {
	h, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	for i := range h.Changes {
		r := judged(h, func(in *lww.Input) { in.Changes = slices.Delete(in.Changes, i, i+1) })
		if r.Sound() {
			t.Errorf("without record %d of %s in %s: %s", i, h.Changes[i].Key, h.Changes[i].Region, r)
		}
	}
}

func TestBrokenHistories(t *testing.T) {
	for _, text := range []string{"a 13:00:00 - p", "key k\nversion p c 1 x", "key k\na 13 - -", "key k\nz 13:00:00 - -", "nonsense"} {
		if _, err := parse(text); err == nil {
			t.Errorf("%q is read", text)
		}
	}
}
