package inventory

import (
	"context"
	"errors"
	"fmt"
	"os"

	"parallax/internal/join"
	"parallax/internal/tabular"
)

const (
	// maxPage is how many bytes a page of a file may claim. S3 writes pages of about a megabyte.
	maxPage = 32 << 20
	// maxFooter is how many bytes a footer may have. Those of S3 have some kilobytes.
	maxFooter = 4 << 20
	// freeRows may be claimed by a file of any size; beyond them no file has more rows than rowsPerByte in each of its
	// bytes, for each row has another key and version.
	freeRows    = 1 << 20
	rowsPerByte = 4
)

// parquetDecoder reads the wanted columns of a Parquet file by internal/tabular, which holds some pages of a row group and
// no more. What it does not read, but arrow does, is left to arrowDecoder.
type parquetDecoder struct{}

func (parquetDecoder) decode(ctx context.Context, f *os.File, size int64, each func(*columns) error) error {
	table, err := tabular.OpenParquet(f, size, "", tabular.Options{MaxPage: maxPage, MaxFooter: maxFooter})
	if err != nil {
		return &damageError{"is not Parquet, or damaged: " + reason(err)}
	}
	at, err := placesOf(table.Columns())
	if err != nil {
		return err
	}
	if table.Rows() > freeRows+rowsPerByte*size {
		return &damageError{fmt.Sprintf("claims %d rows in %d bytes", table.Rows(), size)}
	}
	var c columns
	var order []field
	var fields []tabular.Field
	for f := range fieldCount {
		if at.has(f) {
			if !f.isParquet(table.Kind(at[f])) {
				return &unsupportedError{"has column " + fieldNames[f] + " in another type"}
			}
			c.has[f], c.unitless = true, c.unitless || f == fieldModified && table.Kind(at[f]) == tabular.Whole
			order = append(order, f)
			fields = append(fields, tabular.Field{Name: table.Columns()[at[f]], Millis: f == fieldModified})
		}
	}
	side, err := table.Side("", fields[:1], fields[1:])
	if errors.Is(err, tabular.ErrEncoding) {
		return arrowDecoder{}.decode(ctx, f, size, func(b *columns) error {
			b.unitless = c.unitless
			if err := b.checkUnit(); err != nil {
				return err
			}
			return each(b)
		})
	}
	if err != nil {
		return &unsupportedError{"cannot be read: " + reason(err)}
	}
	for g, part := range side.Parts {
		var stopped error
		err := part.Scan(ctx, func(b *join.Batch) error {
			stopped = c.fill(order, b, each)
			return stopped
		})
		switch {
		case stopped != nil:
			return stopped
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return &damageError{fmt.Sprintf("is damaged in row group %d: %v", g, err)}
		}
	}
	return nil
}

// fill puts a batch, whose first column is the key of the scan, into its places.
func (c *columns) fill(order []field, b *join.Batch, each func(*columns) error) error {
	c.rows = b.Rows
	for i, f := range order {
		col := &b.Key[0]
		if i > 0 {
			col = &b.Value[i-1]
		}
		if (col.Texts != nil) != f.isText() {
			return &unsupportedError{"has column " + fieldNames[f] + " in another type"}
		}
		c.of[f] = *col
	}
	if err := c.checkUnit(); err != nil {
		return err
	}
	return each(c)
}

// isParquet reports whether the values of a field may be of a kind. S3 does not always say that a time is one.
func (f field) isParquet(kind tabular.Kind) bool {
	switch f {
	case fieldLatest, fieldMarker, fieldMultipart:
		return kind == tabular.Truth
	case fieldSize:
		return kind == tabular.Whole
	case fieldModified:
		return kind == tabular.Time || kind == tabular.Whole
	default:
		return kind == tabular.Text
	}
}

// firstObject is in the year that S3 began, in milliseconds since 1970: as seconds, that is in another millennium.
const firstObject = 1_136_073_600_000

// checkUnit refuses times without a unit that cannot be in milliseconds.
func (c *columns) checkUnit() error {
	if !c.unitless {
		return nil
	}
	modified := &c.of[fieldModified]
	for i, at := range modified.Ints[:c.rows] {
		if (modified.Nulls == nil || !modified.Nulls[i]) && (at < firstObject || at > maxMillis) {
			return &unsupportedError{"has LastModifiedDate as a number in another unit than milliseconds"}
		}
	}
	return nil
}

// reason is the innermost error: what is around it names the file by another name.
func reason(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
