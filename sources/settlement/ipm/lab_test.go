package ipm

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"parallax/internal/lab/cardfile"
	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/ipm/ipmtest"
)

// labLines are lines of every kind that the lab can write into a clearing file.
func labLines(n int) []cardfile.Line {
	kinds := []cardfile.Kind{cardfile.Capture, cardfile.Refund, cardfile.Chargeback, cardfile.ChargebackReversed, cardfile.FeeCharged}
	at := time.Date(2026, time.November, 18, 14, 7, 0, 0, time.UTC)
	lines := make([]cardfile.Line, 0, n)
	for i := range n {
		l := cardfile.Line{
			Kind: kinds[i%len(kinds)], Issuer: "555555", Reference: fmt.Sprintf("MCC%06d1118", i), RRN: fmt.Sprintf("632212%06d", i), Auth: "A1B2C3",
			ARN: fmt.Sprintf("79999996322%012d", i), Minor: int64(i) * 101, Currency: []string{"EUR", "GBP", "JPY"}[i%3], At: at.Add(time.Duration(i) * time.Second),
		}
		if i%2 == 0 {
			l.Settled, l.SettledCurrency, l.Rate, l.Booked = l.Minor*2, "USD", "2.0", at.AddDate(0, 0, 1)
			l.Costs = cardfile.Costs{Interchange: 7, Scheme: -2}
		}
		l.Undone = i%7 == 0
		lines = append(lines, l)
	}
	return lines
}

// TestDecodeReadsTheLab reads back every kind of line, in every dress.
func TestDecodeReadsTheLab(t *testing.T) {
	written := labLines(210)
	for _, encoding := range []cardfile.Encoding{cardfile.ASCII, cardfile.EBCDIC} {
		for _, blocked := range []bool{false, true} {
			var out bytes.Buffer
			if err := (cardfile.IPM{FileID: ipmtest.FileID, Encoding: encoding, Blocked: blocked}).Write(&out, written); err != nil {
				t.Fatal(err)
			}
			lines, s, err := decodeAll(out.Bytes())
			if err != nil || len(lines) != len(written) {
				t.Fatalf("%d lines, %v, %+v", len(lines), err, s.Rejects)
			}
			for i, l := range lines {
				sameAsLab(t, written[i], l)
			}
		}
	}
}

func sameAsLab(t *testing.T, w cardfile.Line, l record.SettlementLine) {
	t.Helper()
	sign := map[cardfile.Kind]int64{cardfile.Capture: 1, cardfile.ChargebackReversed: 1}[w.Kind]
	if sign == 0 {
		sign = -1
	}
	cost := int64(1)
	if w.Undone {
		sign, cost = -sign, -cost
	}
	kind := map[cardfile.Kind]record.LineType{
		cardfile.Capture: record.Presentment, cardfile.Refund: record.Refund, cardfile.Chargeback: record.Chargeback,
		cardfile.ChargebackReversed: record.Representment, cardfile.FeeCharged: record.Fee,
	}[w.Kind]
	if l.Type != kind || l.Amount != (money.Amount{Minor: sign * w.Minor, Currency: w.Currency}) || l.Reversal != w.Undone || !l.TransactionAt.Equal(w.At) {
		t.Errorf("%+v read as %+v", w, l)
	}
	if l.Reference != w.Reference || w.Kind != cardfile.FeeCharged && (l.ARN != w.ARN || l.RRN != w.RRN || l.AuthCode != w.Auth) {
		t.Errorf("%+v read as %+v", w, l)
	}
	if linked := w.Kind == cardfile.Chargeback || w.Kind == cardfile.ChargebackReversed || w.Undone; linked != (l.Original == w.Reference) {
		t.Errorf("%+v refers to %q", w, l.Original)
	}
	if w.SettledCurrency == "" {
		return
	}
	if l.Settlement != (money.Amount{Minor: sign * w.Settled, Currency: "USD"}) || l.Rate != "2" || l.ValueDate != "2026-11-19" || l.Batch != "2026-11-19/01 US00000001" {
		t.Errorf("%+v read as %+v", w, l)
	}
	if l.Fee != (money.Amount{Minor: cost * 5, Currency: "USD"}) || len(l.Fees) != 2 || l.Fees[0].Kind != record.Interchange || l.Fees[0].Amount.Minor != cost*7 {
		t.Errorf("%+v read as %+v", w, l)
	}
}

// TestLabFilesWithWrongTotals are refused, also where they stand behind a good one.
func TestLabFilesWithWrongTotals(t *testing.T) {
	good := cardfile.IPMFile{IPM: cardfile.IPM{FileID: ipmtest.FileID}, Lines: labLines(5)}
	second := good
	second.FileID = fileID(19, 2)
	sum, count := second, second
	sum.WrongSum, count.WrongCount = 1, -1
	for name, files := range map[string][]cardfile.IPMFile{"sum": {good, sum}, "count": {good, count}, "alone": {sum}} {
		var out bytes.Buffer
		if err := cardfile.WriteIPM(&out, files...); err != nil {
			t.Fatal(err)
		}
		if _, _, err := decodeAll(out.Bytes()); !errors.Is(err, decode.ErrControlTotal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var out bytes.Buffer
	if err := cardfile.WriteIPM(&out, good, second); err != nil {
		t.Fatal(err)
	}
	if lines, s, err := decodeAll(out.Bytes()); err != nil || len(lines) != 10 || s.FileID != ipmtest.FileID+"+"+fileID(19, 2) {
		t.Errorf("two good ones: %d lines, %v, %+v", len(lines), err, s)
	}
}
