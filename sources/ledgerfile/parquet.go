package ledgerfile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"parallax/internal/join"
	"parallax/internal/record"
	"parallax/internal/tabular"
)

// parquetScale is how many decimals a decimal amount of a Parquet file is read with: the most that any currency has
// (ISO 4217).
const parquetScale = 4

// openParquet settles which column holds what.
func (f *File) openParquet() error {
	table, err := tabular.Open(f.path, tabular.Options{})
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	defer table.Close() //nolint:errcheck // read only
	if f.Columns, err = choose(table.Columns(), f.options.Columns); err != nil {
		return &RowError{File: f.Name, Err: err}
	}
	return nil
}

// eachParquet yields every row.
func (f *File) eachParquet(ctx context.Context, yield func(record.Entry) error) error {
	table, err := tabular.Open(f.path, tabular.Options{})
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	defer table.Close() //nolint:errcheck // read only
	d := &decoder{name: f.Name, unit: "row", options: f.options, columns: f.Columns, place: map[string]int{}}
	var columns []tabular.Field
	for _, field := range Fields() {
		name, mapped := f.Columns[field]
		if !mapped {
			continue
		}
		d.place[field] = len(columns)
		d.header = append(d.header, name)
		switch field {
		case "amount":
			columns = append(columns, tabular.Decimal(name, parquetScale))
		case "amount_minor":
			columns = append(columns, tabular.Decimal(name, 0))
		default:
			columns = append(columns, tabular.Fields(name)...)
		}
	}
	key := d.place["payment_id"]
	side, err := table.Side("ledger", columns[key:key+1], slices.Delete(slices.Clone(columns), key, key+1))
	if err != nil {
		return fmt.Errorf("read ledger: %w", err)
	}
	r := parquetRows{decoder: d, key: key, yield: yield}
	for _, part := range side.Parts {
		if err := part.Scan(ctx, r.batch); err != nil {
			return fmt.Errorf("read ledger: %w", err)
		}
	}
	return r.wrong()
}

// parquetRows turns columns into rows of text, as a CSV file would have them.
type parquetRows struct {
	*decoder
	key    int // where the payment id stands
	yield  func(record.Entry) error
	number int
	text   []string
	errs   badRows
}

func (r *parquetRows) batch(b *join.Batch) error {
	columns := slices.Insert(slices.Clone(b.Value), r.key, b.Key[0])
	for row := range b.Rows {
		r.number++
		r.text = r.text[:0]
		for i := range columns {
			r.text = append(r.text, r.cell(&columns[i], i, row))
		}
		e, err := r.row(r.text, r.number)
		if err != nil {
			r.errs.add(err)
			continue
		}
		if r.errs.count > 0 {
			continue // nothing of it can be used any more
		}
		if err := r.yield(e); err != nil {
			return err
		}
	}
	return nil
}

func (r *parquetRows) wrong() error { return r.errs.err() }

func (r *parquetRows) cell(c *join.Column, column, row int) string {
	switch {
	case c.Nulls != nil && c.Nulls[row]:
		return ""
	case c.Texts != nil:
		return string(c.Data[c.Texts[row].Start:c.Texts[row].End])
	case r.is("created_at", column):
		return moment(c.Ints[row])
	case r.is("amount", column):
		return decimalText(c.Ints[row])
	default:
		return strconv.FormatInt(c.Ints[row], 10)
	}
}

func (r *parquetRows) is(field string, column int) bool {
	at, mapped := r.place[field]
	return mapped && at == column
}

// moment is a date in days or a time in nanoseconds, both since 1970: no time of a payment is as small as a date.
func moment(n int64) string {
	const days = 10_000_000
	if n > -days && n < days {
		return time.Unix(n*24*60*60, 0).UTC().Format(time.RFC3339Nano)
	}
	return time.Unix(0, n).UTC().Format(time.RFC3339Nano)
}

// decimalText writes a whole number of 10^-parquetScale as a decimal one.
func decimalText(n int64) string {
	sign, digits := "", strconv.FormatInt(n, 10)
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for len(digits) <= parquetScale {
		digits = "0" + digits
	}
	cut := len(digits) - parquetScale
	return sign + digits[:cut] + "." + digits[cut:]
}

// badRows collects rows that cannot be read.
type badRows struct {
	count  int
	listed []error
}

func (b *badRows) add(err error) {
	if b.count++; len(b.listed) < maxListed {
		b.listed = append(b.listed, err)
	}
}

// err names the first of them and counts the rest; nil if there are none.
func (b *badRows) err() error {
	all := b.listed
	if more := b.count - len(b.listed); more > 0 {
		all = append(slices.Clone(all), fmt.Errorf("and %d rows more that cannot be read", more))
	}
	return errors.Join(all...)
}
