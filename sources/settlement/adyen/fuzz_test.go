package adyen

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"

	"parallax/internal/lab/cardfile"
	"parallax/internal/record"
	"parallax/sources/settlement/decode/decodetest"
)

func FuzzDecode(f *testing.F) {
	f.Add([]byte(header + settled + refund + payout))
	f.Add([]byte("\ufeff" + header + "\"x\ny\"," + settled))
	f.Add([]byte(header + "\"" + refund))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, s, err := decodetest.All(Decode, data, "a.csv", "adyen")
		again, s2, err2 := decodetest.All(Decode, data, "a.csv", "adyen")
		if !reflect.DeepEqual(lines, again) || !reflect.DeepEqual(s, s2) || (err == nil) != (err2 == nil) {
			t.Error("read twice, two results")
		}
		for _, l := range lines {
			if l.MaskedPAN != "" || l.Amount.Currency == "" || l.Type == "" || l.Record < 2 || l.Batch == "" {
				t.Errorf("line %+v", l)
			}
			if l.Type != record.Payout && l.Net.Currency == "" {
				t.Errorf("no net: %+v", l)
			}
		}
		if err == nil && (int64(len(lines)) != s.Lines || s.Records != s.Lines+s.Rejected+1) {
			t.Errorf("%d lines yielded, %+v", len(lines), s)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	const n = 50_000
	lines := make([]cardfile.Line, n)
	for i := range lines {
		lines[i] = cardfile.Line{
			Reference: fmt.Sprintf("P%015d", i), PaymentID: fmt.Sprintf("order-%d", i), Minor: int64(1000 + i), Currency: "EUR", Rate: "1", Batch: "7",
			Costs: cardfile.Costs{Markup: 3, Scheme: 2, Interchange: 5}, At: time.Date(2026, 11, 18, 14, 7, 0, 0, time.UTC), Auth: "A12345",
		}
	}
	var file bytes.Buffer
	if err := cardfile.WriteAdyen(&file, cardfile.AdyenFile{Account: "Shop", Zone: time.FixedZone("CET", 3600), Lines: lines}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		s, err := Decode(decodetest.Bytes(file.Bytes()), "a.csv", "adyen", func(record.SettlementLine) error { return nil })
		if err != nil || s.Lines != n {
			b.Fatalf("%d lines, %v", s.Lines, err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
