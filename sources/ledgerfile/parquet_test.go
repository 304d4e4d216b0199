package ledgerfile

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"parallax/internal/money"
	"parallax/internal/record"
)

// writeParquet writes two rows; the second has no status.
func writeParquet(t *testing.T, amount arrow.DataType, add func(array.Builder, int)) string {
	t.Helper()
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "payment_id", Type: arrow.BinaryTypes.String}, {Name: "amount", Type: amount}, {Name: "currency", Type: arrow.BinaryTypes.String},
		{Name: "status", Type: arrow.BinaryTypes.String, Nullable: true}, {Name: "rrn", Type: arrow.PrimitiveTypes.Int64},
		{Name: "created_at", Type: &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}}, {Name: "more", Type: arrow.PrimitiveTypes.Float64},
	}, nil)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for i := range 2 {
		b.Field(0).(*array.StringBuilder).Append([]string{"pay_1", "pay_2"}[i]) //nolint:forcetypeassert // the schema above
		add(b.Field(1), i)
		b.Field(2).(*array.StringBuilder).Append([]string{"EUR", "JPY"}[i]) //nolint:forcetypeassert // the same
		if i == 0 {
			b.Field(3).(*array.StringBuilder).Append("captured") //nolint:forcetypeassert // the same
		} else {
			b.Field(3).AppendNull()
		}
		b.Field(4).(*array.Int64Builder).Append(int64(100000000001 + i))                                                         //nolint:forcetypeassert // the same
		b.Field(5).(*array.TimestampBuilder).Append(arrow.Timestamp(time.Date(2026, 11, 18, 14, 7, i, 0, time.UTC).UnixMicro())) //nolint:forcetypeassert // the same
		b.Field(6).(*array.Float64Builder).Append(0.5)                                                                           //nolint:forcetypeassert // the same
	}
	rec := b.NewRecord()
	defer rec.Release()
	path := filepath.Join(t.TempDir(), "ledger.parquet")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := pqarrow.NewFileWriter(schema, out, nil, pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil { // closes the file
		t.Fatal(err)
	}
	return path
}

func TestParquet(t *testing.T) {
	want := []record.Entry{
		{ID: "1", PaymentID: "pay_1", Amount: money.Amount{Minor: 1250, Currency: "EUR"}, Status: "captured", Network: "visa", RRN: "100000000001", CreatedAt: time.Date(2026, 11, 18, 14, 7, 0, 0, time.UTC)},
		{ID: "2", PaymentID: "pay_2", Amount: money.Amount{Minor: -1200, Currency: "JPY"}, Network: "visa", RRN: "100000000002", CreatedAt: time.Date(2026, 11, 18, 14, 7, 1, 0, time.UTC)},
	}
	for name, path := range map[string]string{
		"decimal": writeParquet(t, &arrow.Decimal128Type{Precision: 18, Scale: 2}, func(b array.Builder, i int) {
			b.(*array.Decimal128Builder).Append(decimal128.FromI64([]int64{1250, -120000}[i])) //nolint:forcetypeassert // the type above
		}),
		"text": writeParquet(t, arrow.BinaryTypes.String, func(b array.Builder, i int) {
			b.(*array.StringBuilder).Append([]string{"12.50", "-1200"}[i]) //nolint:forcetypeassert // the same
		}),
	} {
		t.Run(name, func(t *testing.T) {
			ledger, err := readFile(path, Options{Network: "visa", Status: "?"})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(ledger.Entries, want) || len(ledger.SHA256) != 64 {
				t.Errorf("got  %+v\nwant %+v", ledger.Entries, want)
			}
		})
	}
	path := writeParquet(t, arrow.BinaryTypes.String, func(b array.Builder, i int) {
		b.(*array.StringBuilder).Append([]string{"12.50", "-1200.5"}[i]) //nolint:forcetypeassert // the same
	})
	if _, err := readFile(path, Options{}); err == nil || err.Error() != "decode ledger.parquet: row 2: amount: is not an amount with at most 0 decimals" {
		t.Errorf("an amount with too many decimals gave %v", err)
	}
	path = writeParquet(t, arrow.PrimitiveTypes.Float64, func(b array.Builder, _ int) {
		b.(*array.Float64Builder).Append(12.5) //nolint:forcetypeassert // the same
	})
	if _, err := readFile(path, Options{}); err == nil || !strings.Contains(err.Error(), "amount") {
		t.Errorf("an amount that is a floating point number gave %v", err)
	}
}

func TestParquetThatIsCutOff(t *testing.T) {
	path := writeParquet(t, arrow.BinaryTypes.String, func(b array.Builder, _ int) {
		b.(*array.StringBuilder).Append("12.50") //nolint:forcetypeassert // the type above
	})
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 4; n < len(data); n += 7 {
		cut := filepath.Join(t.TempDir(), "ledger.parquet")
		if err := os.WriteFile(cut, data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readFile(cut, Options{}); err == nil {
			t.Fatalf("%d of %d bytes were read as if the file were whole", n, len(data))
		}
	}
}
