package cardfile_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"parallax/internal/lab/cardfile"
)

// TestIPMWritesEveryKind looks at the elements that tell the kinds apart.
func TestIPMWritesEveryKind(t *testing.T) {
	base := someLines(2)[1] // GBP 1.01
	base.Original = "MCC9999991118"
	for _, tc := range []struct {
		name                  string
		change                func(*cardfile.Line)
		mti, function, code   string
		reference             string
		feeProcessing, settle string
	}{
		{"capture", func(*cardfile.Line) {}, "1240", "200", "000000", base.Reference, "", ""},
		{"refund", func(l *cardfile.Line) { l.Kind = cardfile.Refund }, "1240", "200", "200000", base.Reference, "", ""},
		{"chargeback", func(l *cardfile.Line) { l.Kind = cardfile.Chargeback }, "1442", "450", "000000", base.Original, "", ""},
		{"second presentment", func(l *cardfile.Line) { l.Kind = cardfile.ChargebackReversed }, "1240", "205", "000000", base.Original, "", ""},
		{"fee", func(l *cardfile.Line) { l.Kind = cardfile.FeeCharged }, "1740", "783", "190000", base.Reference, "", ""},
		{"fee given back", func(l *cardfile.Line) { l.Kind, l.Minor = cardfile.FeeCharged, -101 }, "1740", "783", "290000", base.Reference, "", ""},
		{"interchange", func(l *cardfile.Line) { l.Costs.Interchange = 5 }, "1240", "200", "000000", base.Reference, "29", ""},
		{"interchange of a chargeback", func(l *cardfile.Line) { l.Kind, l.Costs.Interchange = cardfile.Chargeback, 5 }, "1442", "450", "000000", base.Original, "19", ""},
		{"settled", func(l *cardfile.Line) { l.Settled, l.SettledCurrency, l.Rate = 128, "USD", "1.27" }, "1240", "200", "000000", base.Reference, "", "840"},
	} {
		line := base
		tc.change(&line)
		var out bytes.Buffer
		if err := (cardfile.IPM{FileID: cardfile.NewFileID(noon, 1)}).Write(&out, []cardfile.Line{line}); err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		m := read(t, out.Bytes(), cardfile.ASCII, false)[1]
		if m[0] != tc.mti || m[24] != tc.function || m[3] != tc.code || m[63] != tc.reference || m[4] != "000000000101" || m[50] != tc.settle {
			t.Errorf("%s: %v", tc.name, m)
		}
		if tc.feeProcessing != "" {
			if fee := private(t, m[48], 146); fee != "00"+tc.feeProcessing+"01826000000000005826000000000005" {
				t.Errorf("%s: fee %q", tc.name, fee)
			}
		}
		if tc.settle != "" && (m[5] != "000000000128" || m[9] != "20000127" || private(t, m[48], 148) != "82628402") {
			t.Errorf("%s: %v", tc.name, m)
		}
	}
}

func TestIPMRefusesKindsWithoutAMessage(t *testing.T) {
	for _, tc := range []struct {
		change func(*cardfile.Line)
		want   string
	}{
		{func(l *cardfile.Line) { l.Kind = cardfile.Payout }, `kind "payout" has no message`},
		{func(l *cardfile.Line) { l.SettledCurrency = "XXX" }, `currency "XXX" is not of this world`},
		{func(l *cardfile.Line) { l.SettledCurrency, l.Rate = "USD", "1.23456789" }, `rate "1.23456789" has more than 7 digits`},
	} {
		line := someLines(1)[0]
		tc.change(&line)
		err := cardfile.IPM{FileID: cardfile.NewFileID(noon, 1)}.Write(&bytes.Buffer{}, []cardfile.Line{line})
		if err == nil || err.Error() != "write ipm: message 2: "+tc.want {
			t.Errorf("got %v, want %s", err, tc.want)
		}
	}
}

// TestIPMSaysWhatIsAskedOfIt: wrong totals, and several logical files.
func TestIPMSaysWhatIsAskedOfIt(t *testing.T) {
	first := cardfile.IPMFile{IPM: cardfile.IPM{FileID: cardfile.NewFileID(noon, 1), Blocked: true}, Lines: someLines(30)}
	second := cardfile.IPMFile{IPM: cardfile.IPM{FileID: cardfile.NewFileID(noon, 2), WrongSum: 7, WrongCount: -2}, Lines: someLines(3)}
	var out bytes.Buffer
	if err := cardfile.WriteIPM(&out, first, second); err != nil {
		t.Fatal(err)
	}
	messages := read(t, out.Bytes(), cardfile.ASCII, true)
	if len(messages) != 37 || messages[32][24] != "697" || !strings.Contains(messages[32][48], second.FileID) {
		t.Fatalf("%d messages", len(messages))
	}
	last := messages[36]
	if private(t, last[48], 301) != fmt.Sprintf("%016d", 303+7) || private(t, last[48], 306) != "00000003" {
		t.Errorf("trailer %v", last)
	}
	if err := cardfile.WriteIPM(&out, first, cardfile.IPMFile{}); err == nil {
		t.Error("a file without an id was taken")
	}
}
