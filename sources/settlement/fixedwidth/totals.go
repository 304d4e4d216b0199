package fixedwidth

import (
	"fmt"
	"strconv"

	"parallax/sources/settlement/decode"
)

// count adds the line that has ended to every total it belongs to.
func (d *decoder) count() error {
	t := &d.transaction
	gross := t.amounts[grossAmount]
	for i := range d.totals {
		p, c := &d.totals[i], &d.counters[i]
		if p.Of == CountRecords || t.coded && !p.counts(t.means.code) {
			continue
		}
		if !t.coded && len(p.Codes) > 0 { // it may or may not belong here
			c.unread++
			continue
		}
		n := int64(1)
		switch {
		case p.Of == CountLines:
		case !gross.set:
			c.unread++
			continue
		case p.Of == SumUnsigned:
			n = max(gross.digits, -gross.digits)
		case t.means.Negative:
			n = -gross.digits
		default:
			n = gross.digits
		}
		var err error
		if c.n, err = decode.Add(c.n, n); err != nil {
			return fmt.Errorf("sum of the amounts %w", err)
		}
	}
	return nil
}

// trailer holds the stated totals against the computed ones.
func (d *decoder) trailer(r *recordPlan, rec []byte) error {
	d.done = r.Role == Trailer
	for i := range r.fields {
		f := &r.fields[i]
		id, err := d.text(at(rec, f.from, f.to))
		if err != nil || id != d.out.FileID {
			return &decode.FieldError{Field: f.name, Err: fmt.Errorf("%w: the trailer's file id is not the header's", decode.ErrControlTotal)}
		}
	}
	for _, i := range r.totals {
		if err := d.check(r, i, rec); err != nil {
			return err
		}
	}
	if r.Role == BatchTrailer {
		for i := range d.totals {
			if d.totals[i].batch {
				d.counters[i] = counter{}
			}
		}
	}
	return nil
}

func (d *decoder) check(r *recordPlan, i int, rec []byte) error {
	p, c := &d.totals[i], d.counters[i]
	what := fmt.Sprintf("%s at %d of %s", p.Of, p.At, r.Name)
	stated, err := d.signed(&fieldPlan{}, orZero(at(rec, p.At-1, p.At-1+p.Length)), rec)
	if err != nil {
		return &decode.FieldError{Field: what, Err: fmt.Errorf("%w: the trailer states no whole number here", decode.ErrControlTotal)}
	}
	if d.out.Totals == nil {
		d.out.Totals = map[string]string{}
	}
	d.out.Totals["stated "+what] = strconv.FormatInt(stated, 10)
	if c.unread > 0 {
		d.out.Totals["computed "+what] = fmt.Sprintf("not verifiable: %d lines have no readable amount or code", c.unread)
		return nil
	}
	computed, err := decode.Add(c.n, p.Plus)
	if err != nil {
		return &decode.FieldError{Field: what, Err: err}
	}
	d.out.Totals["computed "+what] = strconv.FormatInt(computed, 10)
	if stated != computed {
		return &decode.FieldError{Field: what, Err: fmt.Errorf("%w: stated as %d, read as %d", decode.ErrControlTotal, stated, computed)}
	}
	return nil
}

// orZero keeps a blank from being read.
func orZero(raw []byte) []byte {
	if len(raw) == 0 {
		return []byte("?")
	}
	return raw
}
