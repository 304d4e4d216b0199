package archive

import (
	"fmt"
	"time"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"

	"parallax/internal/record"
)

// fill sets one column of the chosen changes; rows are their places in the row group. Everything is copied.
func (g *group) fill(col int, rows []int, chosen []record.Change) error {
	switch col {
	case colAt:
		times, err := g.times(nil)
		if err != nil {
			return err
		}
		for i, row := range rows {
			chosen[i].At = time.UnixMicro(times[row]).UTC()
		}
	case colTTL:
		flags, err := g.flags(nil)
		if err != nil {
			return err
		}
		for i, row := range rows {
			chosen[i].ByTTL = flags[row]
		}
	case colKeyHash: // compared by the caller, when the key is known
	case colOldHash, colNewHash:
		return g.compare(col, rows, chosen)
	default:
		return g.fillTexts(col, rows, chosen)
	}
	return nil
}

// compare holds the images of the chosen changes against their column of hashes.
func (g *group) compare(col int, rows []int, chosen []record.Change) error {
	hashes, err := g.hashes(col, nil)
	if err != nil {
		return err
	}
	for i, row := range rows {
		m := chosen[i].Old
		if col == colNewHash {
			m = chosen[i].New
		}
		if HashOfImage(m) != hashes[row] {
			return fmt.Errorf("%w: record %d: the image does not have its hash", ErrDamaged, g.first+int64(row))
		}
	}
	return nil
}

func (g *group) fillTexts(col int, rows []int, chosen []record.Change) error {
	texts, err := g.texts(col, nil)
	if err != nil {
		return err
	}
	for i, row := range rows {
		c, text := &chosen[i], string(texts[row])
		switch col {
		case colSeq:
			c.Seq = text
		case colEvent:
			c.Event = text
		case colKey:
			c.Key = text
		case colOld:
			c.Old = record.Image(text)
		case colNew:
			c.New = record.Image(text)
		}
		if texts[row] == nil || !optional(col) {
			continue
		}
		if err := wellFormed(text); err != nil {
			return fmt.Errorf("%w: record %d: %w", ErrDamaged, g.first+int64(row), err)
		}
	}
	return nil
}

// texts returns a column of byte arrays, nil where it is null. They are valid until the group's next column is asked for.
func (g *group) texts(col int, into [][]byte) ([][]byte, error) {
	cr, err := column[*file.ByteArrayColumnChunkReader](g, col)
	if err != nil {
		return nil, err
	}
	g.f.values = resized(g.f.values, g.rows)
	var levels []int16
	if optional(col) {
		g.f.levels = resized(g.f.levels, g.rows)
		levels = g.f.levels
	}
	total, n, err := cr.ReadBatch(int64(g.rows), g.f.values, levels, nil)
	if err := g.enough(total, err); err != nil {
		return nil, err
	}
	into = resized(into, g.rows)
	v := 0
	for i := range into {
		into[i] = nil
		if levels != nil && levels[i] == 0 {
			continue
		}
		if v == n {
			return nil, fmt.Errorf("%w: record %d has no value", ErrDamaged, g.first+int64(i))
		}
		into[i] = g.f.values[v]
		v++
	}
	return into, nil
}

// hashes returns a column of hashes. Its pages are nothing but the hashes, one after another: copying them saves making
// a slice of each.
func (g *group) hashes(col int, into []Hash) ([]Hash, error) {
	pages, err := g.r.GetColumnPageReader(col)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	into = resized(into, g.rows)
	n := 0
	for pages.Next() {
		page, ok := pages.Page().(*file.DataPageV1)
		if !ok || parquet.Encoding(page.Encoding()) != parquet.Encodings.Plain ||
			int64(len(page.Data())) != int64(page.NumValues())*int64(len(Hash{})) || int(page.NumValues()) > g.rows-n {
			return nil, fmt.Errorf("%w: a page is not of hashes", ErrDamaged)
		}
		for data := page.Data(); len(data) > 0; data = data[len(Hash{}):] {
			into[n] = Hash(data)
			n++
		}
	}
	return into, g.enough(int64(n), pages.Err())
}

// times returns the column of moments, in microseconds of Unix time.
func (g *group) times(into []int64) ([]int64, error) {
	cr, err := column[*file.Int64ColumnChunkReader](g, colAt)
	if err != nil {
		return nil, err
	}
	into = resized(into, g.rows)
	_, n, err := cr.ReadBatch(int64(g.rows), into, nil, nil)
	return into, g.enough(int64(n), err)
}

// flags returns the column that says what was removed by the table's time to live.
func (g *group) flags(into []bool) ([]bool, error) {
	cr, err := column[*file.BooleanColumnChunkReader](g, colTTL)
	if err != nil {
		return nil, err
	}
	into = resized(into, g.rows)
	_, n, err := cr.ReadBatch(int64(g.rows), into, nil, nil)
	return into, g.enough(int64(n), err)
}

// column is the reader of a column, which open has found to be of its type.
func column[R file.ColumnChunkReader](g *group, col int) (R, error) {
	cr, err := g.r.Column(col)
	if err != nil {
		var none R
		return none, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	of, ok := cr.(R)
	if !ok {
		return of, fmt.Errorf("%w: unexpected type %s", ErrDamaged, cr.Type())
	}
	return of, nil
}

// enough reports a column that ends before its row group does.
func (g *group) enough(n int64, err error) error {
	if err == nil && n != int64(g.rows) {
		err = fmt.Errorf("%d of %d rows", n, g.rows)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// resized is a slice of n, in the same memory if it is enough.
func resized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}
