package tabular

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	pqfile "github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// payment is a row of the files that are made up here.
type payment struct {
	id       string
	amount   int64
	currency string
}

var currencies = []string{"EUR", "GBP", "USD", "SEK"}

func paymentOf(n int) payment {
	x := uint64(n)*0x9e3779b97f4a7c15 ^ uint64(n)<<32
	return payment{fmt.Sprintf("pay_%016x", x), int64(x % 1_000_000), currencies[n%4]}
}

// truth is what a match of the two sides must come to.
type truth struct{ matched, different, leftOnly, rightOnly, duplicated int64 }

// taskR makes two sides of about n rows in random order: 0.1 % missing a side, 0.1 % with another amount, 0.05 % twice.
func taskR(n int, each func(side int, p payment)) truth {
	var want truth
	for side := range 2 {
		rng := rand.New(rand.NewPCG(uint64(side), 9))
		for _, i := range rng.Perm(n) {
			p := paymentOf(i)
			switch k := i % 10_000; {
			case k < 5 && side == 1:
				want.leftOnly++
				continue
			case k >= 5 && k < 10 && side == 0:
				want.rightOnly++
				continue
			case k >= 10 && k < 20 && side == 1:
				p.amount++
				want.different++
			case k >= 20 && k < 25 && side == 0:
				want.duplicated++
				each(side, p)
			case k >= 25 && side == 1:
				want.matched++
			}
			each(side, p)
		}
	}
	return want
}

// layoutOf says how a test file is written.
type layoutOf struct {
	codec    compress.Compression
	dict     bool // of the key; the currency always has one
	version2 bool
	group    int
	page     int64
}

// parquetWriter writes payments to a file.
type parquetWriter struct {
	t      testing.TB
	file   *os.File
	writer *pqfile.Writer
	layout layoutOf
	rows   []payment
}

func newParquetWriter(t testing.TB, path string, l layoutOf) *parquetWriter {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	fields := schema.FieldList{
		schema.MustPrimitive(schema.NewPrimitiveNodeLogical("id", parquet.Repetitions.Optional, schema.StringLogicalType{}, parquet.Types.ByteArray, -1, -1)),
		schema.NewInt64Node("amount", parquet.Repetitions.Optional, -1),
		schema.MustPrimitive(schema.NewPrimitiveNodeLogical("currency", parquet.Repetitions.Optional, schema.StringLogicalType{}, parquet.Types.ByteArray, -1, -1)),
		schema.MustPrimitive(schema.NewPrimitiveNodeLogical("note", parquet.Repetitions.Optional, schema.StringLogicalType{}, parquet.Types.ByteArray, -1, -1)),
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
	if err != nil {
		t.Fatal(err)
	}
	props := []parquet.WriterProperty{
		parquet.WithCompression(l.codec), parquet.WithDictionaryDefault(false), parquet.WithDictionaryFor("id", l.dict),
		parquet.WithDictionaryFor("currency", true), parquet.WithDataPageSize(max(l.page, 1<<10)),
	}
	if l.version2 {
		props = append(props, parquet.WithDataPageVersion(parquet.DataPageV2))
	}
	return &parquetWriter{t: t, file: f, layout: l, writer: pqfile.NewParquetWriter(f, root, pqfile.WithWriterProps(parquet.NewWriterProperties(props...)))}
}

func (w *parquetWriter) add(p payment) {
	if w.rows = append(w.rows, p); len(w.rows) == w.layout.group {
		w.flush()
	}
}

// flush writes a row group. An id or a currency "null" is none.
func (w *parquetWriter) flush() {
	w.t.Helper()
	g := w.writer.AppendRowGroup()
	texts := func(of func(p *payment) string) {
		c, err := g.NextColumn()
		if err != nil {
			w.t.Fatal(err)
		}
		var values []parquet.ByteArray
		levels := make([]int16, len(w.rows))
		for i := range w.rows {
			if v := of(&w.rows[i]); v != "null" {
				values, levels[i] = append(values, parquet.ByteArray(v)), 1
			}
		}
		if _, err := c.(*pqfile.ByteArrayColumnChunkWriter).WriteBatch(values, levels, nil); err != nil {
			w.t.Fatal(err)
		}
		c.Close()
	}
	texts(func(p *payment) string { return p.id })
	c, err := g.NextColumn()
	if err != nil {
		w.t.Fatal(err)
	}
	values, levels := make([]int64, len(w.rows)), make([]int16, len(w.rows))
	for i := range w.rows {
		values[i], levels[i] = w.rows[i].amount, 1
	}
	if _, err := c.(*pqfile.Int64ColumnChunkWriter).WriteBatch(values, levels, nil); err != nil {
		w.t.Fatal(err)
	}
	c.Close()
	texts(func(p *payment) string { return p.currency })
	texts(func(p *payment) string { return "a note nobody reads: " + p.id })
	if err := g.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.rows = w.rows[:0]
}

func (w *parquetWriter) close() {
	w.t.Helper()
	if len(w.rows) > 0 {
		w.flush()
	}
	if err := w.writer.Close(); err != nil {
		w.t.Fatal(err)
	}
}
