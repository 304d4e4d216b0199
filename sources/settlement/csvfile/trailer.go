package csvfile

import (
	"fmt"
	"strconv"
	"strings"

	"parallax/sources/settlement/decode"
)

func (d *decoder) isTrailer(row []string) bool {
	return d.trailer.mark >= 0 && d.trailer.mark < len(row) && strings.TrimSpace(row[d.trailer.mark]) == d.profile.Trailer.Value
}

// checkTrailer holds the stated totals against the computed ones.
func (d *decoder) checkTrailer(row []string) error {
	d.out.Totals = map[string]string{
		"computed rows": strconv.FormatInt(d.dataRows, 10), "computed sum": decode.Figure(d.sum),
	}
	if d.trailer.count >= 0 {
		count, err := d.stated(row, d.trailer.count)
		if err != nil {
			return err
		}
		d.out.Totals["stated rows"] = decode.Figure(count)
		if count != d.dataRows {
			return &decode.FieldError{Field: d.header.Name(d.trailer.count), Err: fmt.Errorf("%w: %s rows stated, %d read", decode.ErrControlTotal, decode.Figure(count), d.dataRows)}
		}
	}
	if d.trailer.total < 0 {
		return nil
	}
	sum, err := d.stated(row, d.trailer.total)
	if err != nil {
		return err
	}
	d.out.Totals["stated sum"] = decode.Figure(sum)
	if d.unsummed > 0 {
		d.out.Totals["computed sum"] = fmt.Sprintf("not verifiable: %d rows have no readable amount", d.unsummed)
	} else if sum != d.sum {
		return &decode.FieldError{Field: d.header.Name(d.trailer.total), Err: fmt.Errorf("%w: sum stated as %s, read as %s", decode.ErrControlTotal, decode.Figure(sum), decode.Figure(d.sum))}
	}
	return nil
}

func (d *decoder) stated(row []string, column int) (int64, error) {
	if column < len(row) {
		if n, err := strconv.ParseInt(strings.TrimSpace(row[column]), 10, 64); err == nil {
			return n, nil
		}
	}
	return 0, &decode.FieldError{Field: d.header.Name(column), Err: fmt.Errorf("%w: the trailer states no whole number here", decode.ErrControlTotal)}
}
