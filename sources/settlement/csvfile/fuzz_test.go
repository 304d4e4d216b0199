package csvfile

import (
	"testing"

	"parallax/internal/record"
	"parallax/sources/settlement/csvfile/csvtest"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/decode/decodetest"
)

func FuzzDecode(f *testing.F) {
	f.Add([]byte(csvtest.Header + csvtest.Row(1, "12.50", "EUR") + csvtest.Trailer(1, 1250)))
	f.Add([]byte(decode.ByteOrderMark + csvtest.Header + "\"x\ny\"," + csvtest.Row(1, "-1", "JPY") + csvtest.Trailer(1, -1)))
	f.Add([]byte(csvtest.Header + "\"" + csvtest.Trailer(0, 0)))
	read, err := New(testProfile())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var lines int64
		s, err := read(decodetest.Bytes(data), "v.csv", "visa", func(l record.SettlementLine) error {
			lines++
			if decodetest.LongDigits(l.MaskedPAN) || l.Amount.Currency == "" || l.Type == "" || l.Record < 2 {
				t.Errorf("line %+v", l)
			}
			return nil
		})
		if err == nil && (lines != s.Lines || s.Records != s.Lines+s.Rejected+2) {
			t.Errorf("%d lines yielded, %+v", lines, s)
		}
	})
}
