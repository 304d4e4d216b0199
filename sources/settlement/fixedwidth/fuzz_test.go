package fixedwidth

import (
	"fmt"
	"reflect"
	"testing"

	"parallax/internal/lab/cardfile"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/decode/decodetest"
)

// lenient is the test layout for files without header, trailer and totals: few random ones would ever agree.
func lenient() Layout {
	l := testLayout()
	l.Records[0].Optional, l.Records[2].Optional, l.Records[2].Totals = true, true, nil
	l.Encoding = "latin-1"
	return l
}

func FuzzDecode(f *testing.F) {
	layouts := []Layout{testLayout(), VisaBaseII(), lenient(), withEncoding(testLayout(), "cp500")}
	f.Add(0, fixed(f, plain))
	f.Add(1, baseII(f, func(*cardfile.BaseII) {}))
	f.Add(2, fixed(f, plain)[50:])
	f.Add(3, fixed(f, func(c *cardfile.Fixed) { c.Encoding = cardfile.EBCDIC }))
	f.Fuzz(func(t *testing.T, n int, text string) {
		l := layouts[uint(n)%uint(len(layouts))]
		lines, s, err := decodeText(l, text)
		again, s2, err2 := decodeText(l, text)
		if !reflect.DeepEqual(lines, again) || !reflect.DeepEqual(s, s2) || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("two readings differ: %v, %v", err, err2)
		}
		if int64(len(lines)) != s.Lines {
			t.Errorf("%d lines yielded, %+v", len(lines), s)
		}
		if err == nil {
			checkRecords(t, s)
		}
		for _, l := range lines {
			if decodetest.LongDigits(l.MaskedPAN) || l.Amount.Currency == "" || l.Type == "" || l.Record < 1 || decode.Storable(l.Reference) != nil {
				t.Errorf("line %+v", l)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	const n = 50_000
	for _, c := range []struct {
		name   string
		layout Layout
		text   string
	}{
		{"visa-base2", VisaBaseII(), baseII(b, func(f *cardfile.BaseII) { f.Lines = someLines(n) })},
		{"visa-base2-ebcdic", withEncoding(VisaBaseII(), "cp500"), baseII(b, func(f *cardfile.BaseII) { f.Lines, f.Encoding = someLines(n), cardfile.EBCDIC })},
		{"lines", testLayout(), fixed(b, func(f *cardfile.Fixed) { f.Lines = someLines(n) })},
	} {
		b.Run(c.name, func(b *testing.B) {
			read, err := New(c.layout)
			if err != nil {
				b.Fatal(err)
			}
			data := decodetest.Bytes([]byte(c.text))
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			var records int64
			for b.Loop() {
				lines := 0
				s, err := read(data, "b_20261118.txt", "visa", func(record.SettlementLine) error { lines++; return nil })
				if err != nil || lines != n {
					b.Fatalf("%d lines, %v", lines, err)
				}
				records = s.Records
			}
			b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
