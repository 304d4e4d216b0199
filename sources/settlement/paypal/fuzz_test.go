package paypal

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
	f.Add([]byte(whole))
	f.Add([]byte(top + "\"SC\",0\n\"FF\",0\n"))
	f.Add([]byte(top + swept + "\"SF\",\"USD\",0,4015,0,0\n\"SC\",1\n\"FF\",1\n"))
	f.Add([]byte(top + yen + "\"SF\",\"JPY\",10000,0,0,300\n\"SC\",1\n\"RC\",1\n\"FF\",1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, s, err := decodetest.All(Decode, data, "p.csv", "paypal")
		again, s2, err2 := decodetest.All(Decode, data, "p.csv", "paypal")
		if !reflect.DeepEqual(lines, again) || !reflect.DeepEqual(s, s2) || (err == nil) != (err2 == nil) {
			t.Error("read twice, two results")
		}
		for _, l := range lines {
			if l.MaskedPAN != "" || l.Amount.Currency == "" || l.Type == "" || l.Record < 2 || l.Reference == "" {
				t.Errorf("line %+v", l)
			}
		}
		if err == nil && (int64(len(lines)) != s.Lines || s.Records != s.Lines+s.Rejected+s.Admin) {
			t.Errorf("%d lines yielded, %+v", len(lines), s)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	const n = 50_000
	day := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	lines := make([]cardfile.Line, n)
	for i := range lines {
		lines[i] = cardfile.Line{
			Reference: fmt.Sprintf("T%015d", i), PaymentID: fmt.Sprintf("order-%d", i), Minor: int64(1000 + i), Currency: "EUR",
			Costs: cardfile.Costs{Commission: 35}, At: day.Add(time.Hour),
		}
	}
	var file bytes.Buffer
	if err := cardfile.WritePayPal(&file, cardfile.PayPalFile{Account: "A", Day: day, Sections: []cardfile.PayPalSection{{Account: "A", Lines: lines}}}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		s, err := Decode(decodetest.Bytes(file.Bytes()), "p.csv", "paypal", func(record.SettlementLine) error { return nil })
		if err != nil || s.Lines != n {
			b.Fatalf("%d lines, %v", s.Lines, err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
