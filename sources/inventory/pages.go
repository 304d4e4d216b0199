package inventory

import (
	"encoding/binary"
	"errors"

	"github.com/apache/arrow/go/v17/parquet"
	pqfile "github.com/apache/arrow/go/v17/parquet/file"
)

// checkedPages refuses data pages whose definition levels end before the values the page claims. The column reader of
// arrow/go v17 asks an exhausted level decoder for more without end, and nothing could stop it.
// Source of the layout: Apache Parquet, "Data Pages" and "Run Length Encoding / Bit-Packing Hybrid (RLE = 3)".
type checkedPages struct {
	pqfile.PageReader
	optional bool // the column has definition levels
	err      error
}

var (
	errLevels   = errors.New("a page ends before its time")
	errEncoding = errors.New("a page has levels in an encoding that is not read")
)

// Next implements file.PageReader.
func (p *checkedPages) Next() bool {
	if p.err != nil || !p.PageReader.Next() {
		return false
	}
	p.err = p.check()
	return p.err == nil
}

// Err implements file.PageReader.
func (p *checkedPages) Err() error {
	if p.err != nil {
		return p.err
	}
	return p.PageReader.Err() //nolint:wrapcheck // an interface handed through
}

func (p *checkedPages) check() error {
	if !p.optional {
		return nil
	}
	switch page := p.Page().(type) {
	case *pqfile.DataPageV1:
		if page.DefinitionLevelEncoding() != parquet.Encodings.RLE {
			return errEncoding
		}
		data := page.Data()
		if len(data) < 4 {
			return errLevels
		}
		size := binary.LittleEndian.Uint32(data)
		if int64(size) > int64(len(data)-4) {
			return errLevels
		}
		return enough(data[4:4+size], int64(page.NumValues()))
	case *pqfile.DataPageV2:
		data, before, size := page.Data(), int64(page.RepetitionLevelByteLen()), int64(page.DefinitionLevelByteLen())
		if before < 0 || size < 0 || before+size > int64(len(data)) {
			return errLevels
		}
		return enough(data[before:before+size], int64(page.NumValues()))
	default:
		return nil // a dictionary
	}
}

// enough counts the levels of one bit in a run of runs: each has a header whose lowest bit tells groups of eight
// packed bits from one value repeated.
func enough(runs []byte, want int64) error {
	for want > 0 {
		header, n := binary.Uvarint(runs)
		if n <= 0 || header > 1<<32 {
			return errLevels
		}
		runs = runs[n:]
		count, width := int64(header>>1), int64(1)
		if header&1 == 1 {
			width = count
			count *= 8
		}
		if packed := header&1 == 1; packed && int64(len(runs))*8 >= want {
			return nil // some writers cut the bytes of the last groups that hold no level
		}
		if count == 0 || int64(len(runs)) < width {
			return errLevels
		}
		runs = runs[width:]
		want -= count
	}
	return nil
}
