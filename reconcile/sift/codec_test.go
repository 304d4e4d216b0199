package sift

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"parallax/internal/money"
	"parallax/internal/record"
)

// filled sets every field of a row to something, so that a field that is added later is not forgotten.
func filled[T any](t *testing.T) T {
	t.Helper()
	var row T
	n := 0
	fill(t, reflect.ValueOf(&row).Elem(), &n)
	return row
}

func fill(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	if at, yes := v.Addr().Interface().(*time.Time); yes {
		*at = time.Date(2026, 11, 18, 9, 30, 0, *n*1001, time.UTC)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(-int64(*n) << 33)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field, n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(t, v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"arn": "1", "batch": "", "": "x"}))
	default:
		t.Fatalf("a field of kind %s", v.Kind())
	}
}

func TestCodecsKeepEveryField(t *testing.T) {
	throughCodec(t, Entries, []record.Entry{filled[record.Entry](t), {}, {ID: "last", Extra: map[string]string{"a": "b"}}})
	zoned := filled[record.SettlementLine](t)
	throughCodec(t, Lines, []record.SettlementLine{zoned, {}, {Note: strings.Repeat("x", 1<<20), Fees: []record.LineFee{{Kind: record.Tax, Amount: money.Amount{Minor: -1, Currency: "EUR"}}}}})

	local := time.Date(2026, 11, 18, 9, 0, 0, 0, time.FixedZone("somewhere", -4*3600))
	l, err := Lines.Read(Lines.Append(nil, &record.SettlementLine{TransactionAt: local}))
	if err != nil || !l.TransactionAt.Equal(local) || l.TransactionAt.Format(time.RFC3339) != local.Format(time.RFC3339) {
		t.Errorf("%s became %s, %v", local, l.TransactionAt, err)
	}
}

// throughCodec holds that rows come back from their bytes as they were, and that no row is read from part of its bytes.
func throughCodec[T any](t *testing.T, codec Codec[T], rows []T) {
	t.Helper()
	for _, row := range rows {
		b := codec.Append(nil, &row)
		if got, err := codec.Read(b); err != nil || !reflect.DeepEqual(got, row) {
			t.Errorf("%T: %+v came back as %+v, %v", row, row, got, err)
		}
		if len(b) > 1<<16 {
			continue
		}
		for n := range b {
			if row, err := codec.Read(b[:n]); err == nil {
				t.Errorf("%d of %d bytes were read as %+v", n, len(b), row)
			}
		}
	}
}

func FuzzCodecs(f *testing.F) {
	f.Add(Entries.Append(nil, &record.Entry{ID: "1", Extra: map[string]string{"a": "b"}}))
	f.Add(Lines.Append(nil, &record.SettlementLine{Fees: make([]record.LineFee, 2)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := Entries.Read(b); err == nil {
			if again, err := Entries.Read(Entries.Append(nil, &e)); err != nil || !reflect.DeepEqual(again, e) {
				t.Errorf("%+v, %v", again, err)
			}
		}
		if l, err := Lines.Read(b); err == nil {
			if again, err := Lines.Read(Lines.Append(nil, &l)); err != nil || !reflect.DeepEqual(again, l) {
				t.Errorf("%+v, %v", again, err)
			}
		}
	})
}
