package camt

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"

	"parallax/internal/lab/cardfile"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/decode/decodetest"
)

func FuzzDecode(f *testing.F) {
	for _, version := range []int{2, 4, 8} {
		f.Add([]byte(written(f, func(c *cardfile.Camt) { c.Version, c.Batch, c.Pending = version, 2, c.Lines[:1] })))
	}
	f.Add([]byte(written(f, func(c *cardfile.Camt) { c.Notification, c.Latin1 = true, true })))
	f.Add([]byte(statementXML(entryXML(eur10, "<NtryDtls><TxDtls><Chrgs><Rcrd>"+eur10+"</Rcrd></Chrgs></TxDtls></NtryDtls>"))))
	f.Fuzz(func(t *testing.T, data []byte) {
		lines, s, err := decodetest.All(Decode, data, "f.xml", "bank")
		again, s2, err2 := decodetest.All(Decode, data, "f.xml", "bank")
		if !reflect.DeepEqual(lines, again) || !reflect.DeepEqual(s, s2) || fmt.Sprint(err) != fmt.Sprint(err2) {
			t.Fatalf("two readings differ: %v, %v", err, err2)
		}
		if int64(len(lines)) != s.Lines || err == nil && s.Records != s.Lines+s.Rejected+s.Admin {
			t.Errorf("%d lines yielded, %+v", len(lines), s)
		}
		for _, l := range lines {
			if l.Amount.Currency == "" || l.Type != record.BankCredit && l.Type != record.BankDebit || l.Record < 1 || len(l.Note) > 4*noteRunes+3 {
				t.Errorf("line %+v", l)
			}
			if decode.Storable(l.Reference) != nil || decode.Storable(l.Batch) != nil || decode.Storable(l.Code) != nil {
				t.Errorf("line %+v", l)
			}
		}
	})
}

// FuzzEntry puts what is made up where entries stand.
func FuzzEntry(f *testing.F) {
	f.Add(entryXML(eur10, "<NtryDtls><TxDtls><Refs><EndToEndId>E</EndToEndId></Refs></TxDtls></NtryDtls>"))
	f.Add(entryXML(eur10, "<NtryDtls><TxDtls>"+eur10+"</TxDtls></NtryDtls>") + "<Bal>" + eur10 + "</Bal>")
	f.Fuzz(func(t *testing.T, inside string) {
		lines, s, err := decodeText(statementXML(inside))
		if err == nil && (int64(len(lines)) != s.Lines || s.Records != s.Lines+s.Rejected+s.Admin) {
			t.Errorf("%d lines yielded, %+v", len(lines), s)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	const n = 50_000
	data := []byte(written(b, func(f *cardfile.Camt) {
		f.Lines, f.Batch = nil, 10
		for i := range n {
			f.Lines = append(f.Lines, cardfile.Line{Kind: cardfile.Payout, Reference: fmt.Sprint("po_", i), Minor: int64(i), Currency: "EUR"})
		}
	}))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		lines := 0
		if _, err := Decode(decodetest.Bytes(bytes.Clone(data)), "b.xml", "bank", func(record.SettlementLine) error { lines++; return nil }); err != nil || lines != n {
			b.Fatalf("%d lines, %v", lines, err)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
