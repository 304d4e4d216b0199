package ipm

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"parallax/internal/money"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/decode/decodetest"
	"parallax/sources/settlement/ipm/ipmtest"
)

func decodeAll(data []byte) ([]record.SettlementLine, decode.Summary, error) {
	return decodetest.All(Decode, data, "m.ipm", "mastercard")
}

func TestDecodeInEveryDress(t *testing.T) {
	want := record.SettlementLine{
		Feed: "mastercard", File: "m.ipm", Record: 3, Type: record.Presentment, Reference: "MCC0000021118",
		ARN: fmt.Sprintf("%023d", 2), RRN: "000000000002", AuthCode: "A00002", MaskedPAN: "555555******1111",
		Code: "1240/200", Amount: money.Amount{Minor: 1002, Currency: "EUR"}, TransactionAt: time.Date(2026, 11, 18, 14, 7, 0, 0, time.UTC), BusinessDate: "2026-11-18",
	}
	for _, n := range []int{2, 3, 50} { // 2: one block, which reads either way
		for _, ebcdic := range []bool{false, true} {
			for _, blocked := range []bool{false, true} {
				lines, s, err := decodeAll(ipmtest.Good(n, ebcdic, blocked))
				if err != nil || len(lines) != n {
					t.Fatalf("ebcdic %v, blocked %v: %d lines, %v", ebcdic, blocked, len(lines), err)
				}
				if !reflect.DeepEqual(lines[1], want) {
					t.Errorf("ebcdic %v, blocked %v:\ngot  %+v\nwant %+v", ebcdic, blocked, lines[1], want)
				}
				wantSum := decode.Summary{
					FileID: ipmtest.FileID, BusinessDates: []string{"2026-11-18"}, Records: int64(n + 2), Lines: int64(n),
					Totals: map[string]string{
						"stated messages": fmt.Sprint(n + 2), "computed messages": fmt.Sprint(n + 2),
						"stated sum of DE4": fmt.Sprint(1000*n + n*(n+1)/2), "computed sum of DE4": fmt.Sprint(1000*n + n*(n+1)/2),
					},
				}
				if !reflect.DeepEqual(s, wantSum) {
					t.Errorf("summary %+v, want %+v", s, wantSum)
				}
			}
		}
	}
}

// TestDecodeNoticesEveryCut truncates a file at every byte: none may pass, for the trailer would be missing.
func TestDecodeNoticesEveryCut(t *testing.T) {
	for _, data := range [][]byte{ipmtest.Good(12, true, false), ipmtest.Good(12, false, true)} {
		whole, _, err := decodeAll(data)
		if err != nil {
			t.Fatal(err)
		}
		for n := range len(data) - 4 { // without the end mark alone nothing is missing
			lines, _, err := decodeAll(data[:n])
			if err == nil && len(lines) != len(whole) {
				t.Fatalf("cut after %d of %d bytes, %d lines and no error", n, len(data), len(lines))
			}
		}
	}
}

func TestSumOverflowIsAnError(t *testing.T) {
	if _, err := decode.Add(maxInt64, 1); !errors.Is(err, decode.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	if _, err := latin1.number([]byte("9223372036854775808")); !errors.Is(err, decode.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	if n, err := latin1.number([]byte("9223372036854775807")); err != nil || n != maxInt64 {
		t.Errorf("got %d, %v", n, err)
	}
}

func nothing(record.SettlementLine) error { return nil }
