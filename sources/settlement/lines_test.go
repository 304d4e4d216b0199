package settlement

import (
	"errors"
	"reflect"
	"testing"

	"parallax/internal/record"
	"parallax/sources/settlement/csvfile/csvtest"
)

// TestLinesCanBeReadAgain: what was checked is yielded as often as it is asked for, and nothing else.
func TestLinesCanBeReadAgain(t *testing.T) {
	f := newFolder(t)
	f.write("m-20261117.csv", csvtest.Good(1, 300))
	f.write("m-20261118.csv", csvtest.Good(301, 200))
	f.write("m-20261119.csv", []byte(csvtest.Header+csvtest.Row(9, "1.00", "EUR")+csvtest.Trailer(2, 100)))
	s := f.source()
	s.Decode = readCSV(t)
	want := read(s).lines
	s.CheckOnly = true
	if got := read(s); len(got.lines) != 0 || len(got.files) != 3 || got.err != nil {
		t.Fatalf("checking alone gave %d lines, %v, %v", len(got.lines), got.files, got.err)
	}
	for range 2 {
		var again []record.SettlementLine
		if err := s.Lines(t.Context(), func(l record.SettlementLine) error { again = append(again, l); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(want) != 500 || !reflect.DeepEqual(again, want) {
			t.Fatalf("%d lines, want the %d of the first reading", len(again), len(want))
		}
	}
	enough := errors.New("enough")
	if err := s.Lines(t.Context(), func(record.SettlementLine) error { return enough }); !errors.Is(err, enough) || err.Error() != "enough" {
		t.Errorf("an error of the consumer became %v", err)
	}
	f.write("m-20261118.csv", csvtest.Good(301, 201))
	if err := s.Lines(t.Context(), func(record.SettlementLine) error { return nil }); !errors.Is(err, errUnsettled) {
		t.Errorf("a file that has changed gave %v", err)
	}
}
