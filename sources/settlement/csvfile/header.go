package csvfile

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
	"parallax/sources/settlement/rows"
)

type trailerColumns struct{ mark, count, total int }

type feeColumn struct {
	kind record.FeeKind
	name string
	at   int
}

func (d *decoder) readHeader() error {
	row, _, err := d.rows.Next()
	if errors.Is(err, io.EOF) {
		return errors.New("file is empty, a header row was expected")
	}
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	d.out.Records++
	d.header = rows.NewHeader(row)
	for f := range fieldCount {
		if d.at[f], err = d.findField(f); err != nil {
			return &decode.FieldError{Field: d.profile.Columns[fieldNames[f]], Err: fmt.Errorf("%w (mapped to %s)", err, fieldNames[f])}
		}
		if d.at[f] >= 0 {
			d.column[f] = d.header.Name(d.at[f])
		}
	}
	for _, kind := range feeKinds() { // in an order of their own, so that lines are the same every time
		name := d.profile.Fees[string(kind)]
		if name == "" {
			continue
		}
		at, err := d.header.Find(name)
		if err != nil {
			return &decode.FieldError{Field: name, Err: fmt.Errorf("%w (mapped to the fee %s)", err, kind)}
		}
		d.fees = append(d.fees, feeColumn{kind, name, at})
	}
	return d.findTrailer()
}

// findField looks a field's column up by its first name and then by the others; -1 means there is none, and need not be.
func (d *decoder) findField(f field) (int, error) {
	name := d.profile.Columns[fieldNames[f]]
	if name == "" {
		return -1, nil
	}
	at, err := d.header.Find(name)
	for _, other := range d.profile.Names[fieldNames[f]] {
		if !errors.Is(err, rows.ErrNoColumn) {
			break
		}
		if i, otherErr := d.header.Find(other); !errors.Is(otherErr, rows.ErrNoColumn) {
			at, err = i, otherErr
		}
	}
	if errors.Is(err, rows.ErrNoColumn) && slices.Contains(d.profile.Optional, fieldNames[f]) {
		return -1, nil
	}
	return at, err
}

func (d *decoder) findTrailer() error {
	d.trailer = trailerColumns{-1, -1, -1}
	for _, c := range []struct {
		name string
		into *int
	}{{d.profile.Trailer.Column, &d.trailer.mark}, {d.profile.Trailer.Count, &d.trailer.count}, {d.profile.Trailer.Total, &d.trailer.total}} {
		if c.name == "" {
			continue
		}
		i, err := d.header.Find(c.name)
		if err != nil {
			return &decode.FieldError{Field: c.name, Err: fmt.Errorf("%w (used by the trailer)", err)}
		}
		*c.into = i
	}
	return nil
}
