package csvfile

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

// TestNoCardNumberInAnyColumn writes a card number into every column of the wide file.
func TestNoCardNumberInAnyColumn(t *testing.T) {
	card := "411111" + "1111111111"
	fields := strings.Split(strings.TrimSuffix(strings.Replace(wideSale, "1,2;", "1.2;", 1), "\n"), ";")
	for i := range fields {
		row := append([]string(nil), fields...)
		row[i] = card
		lines, s, err := decodeText(wideHeader+strings.Join(row, ";")+"\n", wide())
		if said := fmt.Sprintf("%+v %+v %v", lines, s, err); strings.Contains(said, "11111111") {
			t.Errorf("column %d shows the card number", i)
		}
	}
}

// TestCutAnywhere cuts a file without a trailer behind every byte: each line that is yielded is one of the whole file's.
func TestCutAnywhere(t *testing.T) {
	text := wideHeader + strings.Replace(wideSale, "1,2;", "1.2;", 1) + wideRefund
	whole, _, err := decodeText(text, wide())
	if err != nil || len(whole) != 2 {
		t.Fatal(err)
	}
	last := strings.LastIndex(text[:len(text)-len(wideRefund)], ";")
	for n := range len(text) {
		lines, s, err := decodeText(text[:n], wide())
		if err != nil {
			continue
		}
		if s.Records != s.Lines+s.Rejected+s.Admin+1 {
			t.Fatalf("cut at %d: %+v", n, s)
		}
		for i := range lines {
			if n <= len(text)-len(wideRefund) && n > last {
				continue // inside the last field of a row nothing but the missing newline tells
			}
			if !reflect.DeepEqual(lines[i], whole[i]) {
				t.Fatalf("cut at %d: line %d became %+v", n, i, lines[i])
			}
		}
	}
}

func FuzzProfiles(f *testing.F) {
	profiles := []Profile{wide(), Shipped()["stripe"], Shipped()["checkout"], Shipped()["checkout-financial-actions"]}
	f.Add([]byte(wideHeader+wideSale+wideRefund), uint8(0))
	f.Add([]byte(stripeHeader+"txn_1,ch_1,pi_1,ch_1,2026-11-18 10:11:12,,2026-11-20 00:00:00,usd,25.00,0.95,24.05,charge,,po_1,20.00,eur,o1\n"), uint8(1))
	var checkout bytes.Buffer
	if err := cardfile.WriteCheckout(&checkout, cardfile.CheckoutFile{Lines: shippedLines()}); err != nil {
		f.Fatal(err)
	}
	f.Add(checkout.Bytes(), uint8(2))
	f.Add([]byte("Payment ID,Breakdown Type,Action ID,Processed On,Processing Currency,Processing Currency Amount,Holding Currency,Holding Currency Amount,Payout ID\n"+
		"pay_1,Scheme Fee,act_1,2026-11-18T10:00:00.000,USD,-0.12345,EUR,-0.11420,P1\n"), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		read, err := New(profiles[int(which)%len(profiles)])
		if err != nil {
			t.Fatal(err)
		}
		lines, s, err := decodetest.All(read, data, "a.csv", "x")
		again, s2, err2 := decodetest.All(read, data, "a.csv", "x")
		if !reflect.DeepEqual(lines, again) || !reflect.DeepEqual(s, s2) || (err == nil) != (err2 == nil) {
			t.Error("read twice, two results")
		}
		for _, l := range lines {
			if decodetest.LongDigits(l.MaskedPAN) || l.Amount.Currency == "" || l.Type == "" || l.Record < 2 {
				t.Errorf("line %+v", l)
			}
		}
		if err == nil && (int64(len(lines)) != s.Lines || s.Records != s.Lines+s.Rejected+s.Admin+1) {
			t.Errorf("%d lines yielded, %+v", len(lines), s)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	const n = 50_000
	lines := make([]cardfile.Line, n)
	for i := range lines {
		lines[i] = cardfile.Line{
			Reference: fmt.Sprintf("ch_%015d", i), PaymentID: fmt.Sprintf("order-%d", i), Minor: int64(1000 + i), Currency: "EUR", Batch: "po_7",
			Costs: cardfile.Costs{Commission: 35}, At: time.Date(2026, 11, 18, 14, 7, 0, 0, time.UTC),
		}
	}
	var file bytes.Buffer
	if err := cardfile.WriteStripe(&file, cardfile.StripeFile{Lines: lines}); err != nil {
		b.Fatal(err)
	}
	read, err := New(Shipped()["stripe"])
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	for b.Loop() {
		s, err := read(decodetest.Bytes(file.Bytes()), "a.csv", "stripe", func(record.SettlementLine) error { return nil })
		if err != nil || s.Lines != n {
			b.Fatalf("%d lines, %v", s.Lines, err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
