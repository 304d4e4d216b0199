package amex

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"parallax/internal/lab/cardfile"
	"parallax/internal/record"
	"parallax/sources/settlement/decode/decodetest"
)

func FuzzDecode(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(strings.ReplaceAll(strings.ReplaceAll(whole, ",", "|"), `"`, "")))
	f.Add([]byte(head + summary + "\"TRAILER\",\"0000000026\",\"3\"\n"))
	f.Add([]byte(head + `"TRAILER","0000000026","""2"""` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, s, err := decodetest.All(Decode, data, "a.grrcn", "amex")
		again, s2, err2 := decodetest.All(Decode, data, "a.grrcn", "amex")
		if !reflect.DeepEqual(lines, again) || !reflect.DeepEqual(s, s2) || (err == nil) != (err2 == nil) {
			t.Error("read twice, two results")
		}
		for _, l := range lines {
			if decodetest.LongDigits(l.MaskedPAN) || l.Amount.Currency == "" || l.Type == "" || l.Record < 2 || l.Batch == "" {
				t.Errorf("line %+v", l)
			}
		}
		if err == nil && (int64(len(lines)) != s.Lines || s.Records != s.Lines+s.Rejected+s.Admin) {
			t.Errorf("%d lines yielded, %+v", len(lines), s)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	const n = 25_000 // charges; each has a record for its price too
	day := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	lines := make([]cardfile.Line, n)
	for i := range lines {
		lines[i] = cardfile.Line{Reference: fmt.Sprintf("%015d", i), PaymentID: fmt.Sprintf("order-%d", i), Minor: int64(1000 + i), Currency: "EUR", Costs: cardfile.Costs{Commission: 35}, At: day}
	}
	var file bytes.Buffer
	if err := cardfile.WriteAmex(&file, cardfile.AmexFile{Name: "A", Created: day, Merchant: "1", Payments: []cardfile.AmexPayment{{Number: "P", Date: day, Currency: "EUR", Lines: lines}}}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		s, err := Decode(decodetest.Bytes(file.Bytes()), "a", "amex", func(record.SettlementLine) error { return nil })
		if err != nil || s.Lines != n+2 {
			b.Fatalf("%d lines, %v", s.Lines, err)
		}
	}
	b.ReportMetric(2*float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
