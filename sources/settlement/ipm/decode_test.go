package ipm

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
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

// TestDecodeNoticesEveryCut truncates files at every byte: what passes has all lines. The one exception is a cut right behind
// the first of several logical files, which is a whole file but for its end mark, and the totals say that.
func TestDecodeNoticesEveryCut(t *testing.T) {
	for _, blocked := range []bool{false, true} {
		for name, data := range map[string][]byte{
			"good": ipmtest.Good(12, blocked, blocked), "several files": several(4, asTheyAre), "whole blocks": filled(blocked),
		} {
			if name == "several files" && blocked {
				data = ipmtest.Block(data)
			}
			whole, s, err := decodeAll(data)
			if err != nil || s.Totals["end mark"] != "" {
				t.Fatalf("%s: %v, %v", name, err, s.Totals)
			}
			short := 0
			for n := range data {
				lines, s, err := decodeAll(data[:n])
				switch {
				case err != nil || len(lines) == len(whole):
				case s.Totals["end mark"] == "missing" && s.FileID == fileID(18, 1):
					short++
				default:
					t.Fatalf("%s, blocked %v: no error of %d of %d bytes", name, blocked, n, len(data))
				}
			}
			if want := map[string]int{"several files": 1}[name]; short > want {
				t.Errorf("%s, blocked %v: %d cuts pass with lines missing", name, blocked, short)
			}
		}
	}
}

// filled is a file whose end mark ends a block, so that a whole block of padding may follow.
func filled(blocked bool) []byte {
	data := sized(blockData)
	if blocked {
		return append(ipmtest.Block(data), bytes.Repeat([]byte{blockPad}, blockSize)...)
	}
	return data
}

// sized is a file of one presentment and of a given number of bytes.
func sized(size int) []byte {
	for addenda := range 4 {
		for text := range 900 {
			f := ipmtest.File{}
			f.Header()
			m := ipmtest.Presentment(1)
			m[72] = strings.Repeat("x", text)
			f.Add("1240", m)
			for range addenda {
				f.Add("1644", ipmtest.Elements{24: "696", 72: strings.Repeat("y", 600)})
			}
			f.Trailer()
			if data := f.Bytes(); len(data) == size {
				return data
			}
		}
	}
	panic("no size fits")
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
