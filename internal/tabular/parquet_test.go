package tabular

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	pqfile "github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"parallax/internal/join"
)

// everyColumn is a column of each type that is read, and how a value is made: the physical value, and what a reader must make
// of it.
var everyColumn = []struct {
	name   string
	node   func(r parquet.Repetition) (schema.Node, error)
	needed bool
	value  func(rng *rand.Rand, n int64) (any, string)
}{
	{"text", logical(schema.StringLogicalType{}, parquet.Types.ByteArray, 0), false, func(rng *rand.Rand, n int64) (any, string) {
		s := strings.Repeat("é", rng.IntN(9)) + fmt.Sprint(n)
		return parquet.ByteArray(s), s
	}},
	{"few", logical(schema.StringLogicalType{}, parquet.Types.ByteArray, 0), false, func(rng *rand.Rand, _ int64) (any, string) {
		s := []string{"EUR", "GBP", ""}[rng.IntN(3)]
		return parquet.ByteArray(s), s
	}},
	{"needed", logical(schema.NoLogicalType{}, parquet.Types.ByteArray, 0), true, func(_ *rand.Rand, n int64) (any, string) {
		s := fmt.Sprint(n) + "\x00"
		return parquet.ByteArray(s), s
	}},
	{"fixed", logical(schema.NoLogicalType{}, parquet.Types.FixedLenByteArray, 3), false, func(rng *rand.Rand, _ int64) (any, string) {
		s := fmt.Sprintf("%03d", rng.IntN(1000))
		return parquet.FixedLenByteArray(s), s
	}},
	{"i32", logical(schema.NewIntLogicalType(32, true), parquet.Types.Int32, 0), false, func(_ *rand.Rand, n int64) (any, string) {
		return int32(n), fmt.Sprint(n)
	}},
	{"i64", logical(schema.NoLogicalType{}, parquet.Types.Int64, 0), true, func(_ *rand.Rand, n int64) (any, string) { return n, fmt.Sprint(n) }},
	{"u32", logical(schema.NewIntLogicalType(32, false), parquet.Types.Int32, 0), false, func(_ *rand.Rand, n int64) (any, string) {
		return int32(n), fmt.Sprint(uint32(n))
	}},
	{"bool", logical(schema.NoLogicalType{}, parquet.Types.Boolean, 0), false, func(_ *rand.Rand, n int64) (any, string) {
		return n > 0, map[bool]string{true: "1", false: "0"}[n > 0]
	}},
	{"day", logical(schema.DateLogicalType{}, parquet.Types.Int32, 0), false, func(_ *rand.Rand, n int64) (any, string) { return int32(n), fmt.Sprint(n) }},
	{"ms", logical(schema.NewTimestampLogicalType(true, schema.TimeUnitMillis), parquet.Types.Int64, 0), false, func(_ *rand.Rand, n int64) (any, string) {
		return n, fmt.Sprint(n * 1_000_000)
	}},
	{"us", logical(schema.NewTimestampLogicalType(true, schema.TimeUnitMicros), parquet.Types.Int64, 0), false, func(_ *rand.Rand, n int64) (any, string) {
		return n, fmt.Sprint(n * 1000)
	}},
	{"dec", logical(schema.NewDecimalLogicalType(30, 4), parquet.Types.FixedLenByteArray, 13), false, func(_ *rand.Rand, n int64) (any, string) {
		return parquet.FixedLenByteArray(twos(n*100, 13)), fmt.Sprint(n) // asked for in hundredths
	}},
	{"decbytes", logical(schema.NewDecimalLogicalType(30, 2), parquet.Types.ByteArray, 0), false, func(rng *rand.Rand, n int64) (any, string) {
		return parquet.ByteArray(twos(n, 3+rng.IntN(12))), fmt.Sprint(n)
	}},
	{"dec9", logical(schema.NewDecimalLogicalType(9, 2), parquet.Types.Int32, 0), false, func(_ *rand.Rand, n int64) (any, string) {
		return int32(n), fmt.Sprint(n)
	}},
	{"number", logical(schema.StringLogicalType{}, parquet.Types.ByteArray, 0), true, func(_ *rand.Rand, n int64) (any, string) {
		return parquet.ByteArray(fmt.Sprintf("%d.0", n)), fmt.Sprint(n * 1000)
	}},
}

// logical makes the node of a column; its name is set later.
func logical(t schema.LogicalType, physical parquet.Type, width int) func(parquet.Repetition) (schema.Node, error) {
	return func(r parquet.Repetition) (schema.Node, error) {
		return schema.NewPrimitiveNodeLogical("?", r, t, physical, width, -1)
	}
}

// twos is a number as so many bytes, big endian.
func twos(n int64, size int) []byte {
	b := make([]byte, size)
	for i := size - 1; i >= 0; i-- {
		b[i] = byte(n)
		n >>= 8
	}
	return b
}

// everyFields asks for all of them.
func everyFields() []Field {
	var fields []Field
	for _, c := range everyColumn {
		switch c.name {
		case "dec":
			fields = append(fields, Decimal("dec", 2))
		case "number":
			fields = append(fields, Decimal("number", 3))
		default:
			fields = append(fields, Field{Name: c.name})
		}
	}
	return fields
}

// writeEvery writes a file of random rows, of which one in so many is NULL, and returns what they are.
func writeEvery(t testing.TB, path string, rows, group, nulls int, seed uint64, props ...parquet.WriterProperty) [][]string {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 2))
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	var fields schema.FieldList
	for _, c := range everyColumn {
		r := parquet.Repetitions.Optional
		if c.needed {
			r = parquet.Repetitions.Required
		}
		node, err := c.node(r)
		if err != nil {
			t.Fatal(err)
		}
		p := node.(*schema.PrimitiveNode)
		fields = append(fields, schema.MustPrimitive(schema.NewPrimitiveNodeLogical(c.name, r, p.LogicalType(), p.PhysicalType(), p.TypeLength(), -1)))
	}
	root := schema.MustGroup(schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1))
	w := pqfile.NewParquetWriter(f, root, pqfile.WithWriterProps(parquet.NewWriterProperties(props...)))
	want := make([][]string, rows)
	for from := 0; from < rows; from += group {
		g := w.AppendRowGroup()
		for _, c := range everyColumn {
			writer, err := g.NextColumn()
			if err != nil {
				t.Fatal(err)
			}
			var values []any
			var levels []int16
			for i := from; i < min(from+group, rows); i++ {
				v, text := c.value(rng, rng.Int64N(2_000_000)-1_000_000)
				if !c.needed && nulls > 0 && rng.IntN(nulls) == 0 {
					levels, want[i] = append(levels, 0), append(want[i], null)
					continue
				}
				values, levels, want[i] = append(values, v), append(levels, 1), append(want[i], text)
			}
			if c.needed {
				levels = nil
			}
			if err := writeValues(writer, values, levels); err != nil {
				t.Fatal(err)
			}
			if err := writer.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return want
}

func writeValues(to pqfile.ColumnChunkWriter, values []any, levels []int16) (err error) {
	switch w := to.(type) {
	case *pqfile.ByteArrayColumnChunkWriter:
		_, err = w.WriteBatch(as[parquet.ByteArray](values), levels, nil)
	case *pqfile.FixedLenByteArrayColumnChunkWriter:
		_, err = w.WriteBatch(as[parquet.FixedLenByteArray](values), levels, nil)
	case *pqfile.Int32ColumnChunkWriter:
		_, err = w.WriteBatch(as[int32](values), levels, nil)
	case *pqfile.Int64ColumnChunkWriter:
		_, err = w.WriteBatch(as[int64](values), levels, nil)
	case *pqfile.BooleanColumnChunkWriter:
		_, err = w.WriteBatch(as[bool](values), levels, nil)
	default:
		err = fmt.Errorf("%T", to)
	}
	return err
}

func as[T any](values []any) []T {
	out := make([]T, len(values))
	for i, v := range values {
		out[i] = v.(T)
	}
	return out
}

// TestParquetTypes: files of every type, compression, page version and size, with and without dictionaries and nulls, come
// back as they were written by another implementation.
func TestParquetTypes(t *testing.T) {
	t.Parallel()
	seed := uint64(0)
	for _, codec := range []compress.Compression{compress.Codecs.Uncompressed, compress.Codecs.Snappy, compress.Codecs.Gzip, compress.Codecs.Zstd} {
		for _, version := range []parquet.DataPageVersion{parquet.DataPageV1, parquet.DataPageV2} {
			for _, dict := range []bool{true, false} {
				for _, nulls := range []int{0, 1, 2, 50} {
					seed++
					path := filepath.Join(t.TempDir(), "every.parquet")
					want := writeEvery(t, path, 3000, []int{3000, 1000, 700}[seed%3], nulls, seed, parquet.WithCompression(codec),
						parquet.WithDataPageVersion(version), parquet.WithDictionaryDefault(dict), parquet.WithDataPageSize([]int64{500, 20_000, 1 << 20}[seed%3]),
						parquet.WithDictionaryPageSizeLimit([]int64{2000, 1 << 20}[seed%2]))
					got, err := rowsOf(t, path, everyFields(), nil, Options{})
					if err != nil {
						t.Fatalf("%s, version %d, dictionary %t, nulls %d: %v", codec, version, dict, nulls, err)
					}
					if !reflect.DeepEqual(got, want) {
						for i := range want {
							if i >= len(got) || !reflect.DeepEqual(got[i], want[i]) {
								t.Fatalf("%s, version %d, dictionary %t, nulls %d: row %d of %d is %q, want %q", codec, version, dict, nulls, i, len(got), got[min(i, len(got)-1)], want[i])
							}
						}
					}
				}
			}
		}
	}
}

func TestParquetErrors(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "every.parquet")
	writeEvery(t, path, 100, 100, 5, 1)
	for want, fields := range map[string][]Field{
		"no column \"none\"":                        Fields("none"),
		"dec has a number with more decimals":       {Decimal("dec", 1)},
		"text has a value that is no decimal":       {Decimal("text", 1)},
		"number has a number that does not fit":     {Decimal("number", 18)},
		"column bool is no number":                  {Decimal("bool", 0)},
		"column us is a time":                       {Decimal("us", 0)},
		"scale 19 is not possible":                  {Decimal("i64", 19)},
		"no column is the key":                      nil,
		"i64 has a number that does not fit 64 bit": {Decimal("i64", 18)},
	} {
		_, err := rowsOf(t, path, fields, nil, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for content, want := range map[string]string{
		"PAR1":                     "Parquet",
		"PAR1PAR1":                 "Parquet",
		"PAR1\xff\xff\xff\x7fPAR1": "Parquet",
	} {
		if _, err := rowsOf(t, write(t, "a.parquet", []byte(content)), Fields("a"), nil, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", content, err)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestParquetDamage changes bytes of a file everywhere: that is an error or other rows, soon, never a panic.
func TestParquetDamage(t *testing.T) {
	t.Parallel()
	for i, codec := range []compress.Compression{compress.Codecs.Uncompressed, compress.Codecs.Snappy, compress.Codecs.Zstd, compress.Codecs.Gzip} {
		path := filepath.Join(t.TempDir(), "every.parquet")
		writeEvery(t, path, 300, 100, 5, uint64(i), parquet.WithCompression(codec), parquet.WithDictionaryDefault(i%2 == 0),
			parquet.WithDataPageVersion([]parquet.DataPageVersion{parquet.DataPageV1, parquet.DataPageV2}[i/2]))
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(uint64(i), 3))
		failed := 0
		for range 400 {
			damaged := bytes.Clone(whole)
			for range 1 + rng.IntN(3) {
				damaged[rng.IntN(len(damaged))] ^= byte(1 << rng.IntN(8))
			}
			if rng.IntN(10) == 0 {
				damaged = damaged[:rng.IntN(len(damaged))]
			}
			if err := scanDamaged(t, damaged); err != nil {
				failed++
			}
		}
		if failed < 20 {
			t.Errorf("%s: only %d of 400 damaged files were noticed", codec, failed)
		}
	}
}

func scanDamaged(t testing.TB, content []byte) error {
	t.Helper()
	path := write(t, "damaged.parquet", content)
	table, err := Open(path, Options{})
	if err != nil {
		return err
	}
	defer table.Close()
	var fields []Field
	for _, name := range table.Columns() {
		fields = append(fields, Field{Name: name})
	}
	side, err := table.Side("left", fields, nil)
	if err != nil {
		return err
	}
	for _, p := range side.Parts {
		rows := 0
		err := p.Scan(t.Context(), func(b *join.Batch) error {
			for _, c := range b.Key {
				for i, s := range c.Texts {
					if c.Nulls == nil || !c.Nulls[i] {
						_ = c.Data[s.Start:s.End]
					}
				}
			}
			if rows += b.Rows; rows > 1_000_000 {
				return fmt.Errorf("%d rows", rows)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// FuzzParquet: whatever the file, no panic and no hang.
func FuzzParquet(f *testing.F) {
	for i, codec := range []compress.Compression{compress.Codecs.Uncompressed, compress.Codecs.Snappy} {
		path := filepath.Join(f.TempDir(), "every.parquet")
		writeEvery(f, path, 10, 5, 3, uint64(i), parquet.WithCompression(codec))
		whole, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(whole)
	}
	f.Fuzz(func(t *testing.T, content []byte) { _ = scanDamaged(t, content) })
}

// FuzzPages does the same for what comes after a footer that is sound: the pages of one column chunk.
func FuzzPages(f *testing.F) {
	f.Add([]byte{0x15, 0, 0x15, 8, 0x15, 8, 0x2c, 0x15, 2, 0x15, 0, 0x15, 6, 0x15, 6, 0, 0, 1, 2, 3, 4}, uint8(0), uint8(1))
	f.Fuzz(func(_ *testing.T, content []byte, kind, codecs uint8) {
		c := &column{shape: shape{physical: physical(kind % 5), width: 1 + int(kind>>4), nullable: kind&8 != 0, numeric: kind&64 != 0}}
		c.open(bytes.NewReader(content), 0, int64(len(content)), codec(codecs%4), 1000)
		var out join.Column
		for range 1001 {
			n, err := c.available()
			if err != nil || n == 0 {
				return
			}
			if err := c.read(min(n, 1+int(codecs)), &out); err != nil {
				return
			}
			for i, s := range out.Texts {
				if out.Nulls == nil || !out.Nulls[i] {
					_ = out.Data[s.Start:s.End]
				}
			}
		}
	})
}

func TestBigEndian(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"\x01": 1, "\xff": -1, "\x00\x80": 128, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe": -2, "\x7f\xff\xff\xff\xff\xff\xff\xff": 1<<63 - 1, "\x80\x00\x00\x00\x00\x00\x00\x00": -1 << 63, "\x00\x7f\xff\xff\xff\xff\xff\xff\xff": 1<<63 - 1} {
		if got, ok := bigEndian([]byte(in)); !ok || got != want {
			t.Errorf("%x is %d, %t", in, got, ok)
		}
	}
	for _, in := range []string{"", "\x01\x00\x00\x00\x00\x00\x00\x00\x00", "\xfe\xff\xff\xff\xff\xff\xff\xff\xff", "\x00\x80\x00\x00\x00\x00\x00\x00\x00", "\xff\x7f\xff\xff\xff\xff\xff\xff\xff"} {
		if got, ok := bigEndian([]byte(in)); ok {
			t.Errorf("%x is %d", in, got)
		}
	}
}
