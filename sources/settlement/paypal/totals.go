package paypal

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"parallax/sources/settlement/decode"
)

// figures are the sums of one currency, in hundredths as they stand in the file.
type figures [4]int64

// The order in which SF and RF state them, from their third column on.
const (
	grossCredits = iota
	grossDebits
	feeCredits
	feeDebits
)

var figureNames = [4]string{"Total Gross Amount Credits", "Total Gross Amount Debits", "Total Transaction Fee Credits", "Total Transaction Fee Debits"}

// change is what the rows did to the balance.
func (f figures) change() (sum int64, err error) {
	for _, n := range []int64{f[grossCredits], -f[grossDebits], f[feeCredits], -f[feeDebits]} {
		if sum, err = decode.Add(sum, n); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// totals are the sums by currency.
type totals map[string]figures

func (t totals) add(m movement) error {
	for i, l := range []leg{m.gross, m.fee} {
		if l.currency == "" {
			continue
		}
		at := 2 * i
		if l.debit {
			at++
		}
		f := t[l.currency]
		sum, err := decode.Add(f[at], l.raw)
		if err != nil {
			return fmt.Errorf("sum of the amounts %w", err)
		}
		f[at] = sum
		t[l.currency] = f
	}
	return nil
}

// addAll adds the sums of a section to those of the report.
func (t totals) addAll(of totals) error {
	for currency, f := range of {
		sum := t[currency]
		for i := range f {
			n, err := decode.Add(sum[i], f[i])
			if err != nil {
				return fmt.Errorf("sum of the amounts %w", err)
			}
			sum[i] = n
		}
		t[currency] = sum
	}
	return nil
}

// stated reads the currency and the four sums of an SF or RF row.
func stated(row []string) (currency string, f figures, err error) {
	currency = field(row, 1)
	if _, err := decode.Exponent(currency); err != nil {
		return "", f, &decode.FieldError{Field: "Currency", Err: err}
	}
	for i := range f {
		if f[i], err = number(field(row, 2+i)); err != nil {
			return "", f, &decode.FieldError{Field: figureNames[i], Err: fmt.Errorf("%w: %w", decode.ErrControlTotal, err)}
		}
	}
	return strings.Clone(currency), f, nil
}

func agree(said, computed figures) error {
	for i := range said {
		if said[i] != computed[i] {
			return &decode.FieldError{Field: figureNames[i], Err: fmt.Errorf("%w: stated as %s, the rows make %s", decode.ErrControlTotal, decode.Figure(said[i]), decode.Figure(computed[i]))}
		}
	}
	return nil
}

// sectionFooter checks the totals and balances of one currency.
func (d *decoder) sectionFooter(row []string) error {
	if d.section == nil {
		return errors.New("is not in a section (SH)")
	}
	currency, said, err := stated(row)
	if err != nil {
		return err
	}
	if d.section.footed[currency] {
		return &decode.FieldError{Field: "Currency", Err: errors.New("has a second footer in the section")}
	}
	d.section.footed[currency] = true
	if d.section.unread == 0 {
		if err := agree(said, d.section.totals[currency]); err != nil {
			return err
		}
	}
	return d.balances(row, currency, said)
}

// balances proves that opening balance and rows make the closing balance. The balance as a whole comes first, the part that
// is available behind it: one of the two must be proven, for holds move money between them.
func (d *decoder) balances(row []string, currency string, said figures) error {
	change, err := said.change()
	if err != nil {
		return err
	}
	proven, found := false, false
	for _, at := range []int{6, 10} {
		if field(row, at) == "" {
			continue
		}
		found = true
		opening, err := balance(row, at)
		if err != nil {
			return err
		}
		closing, err := balance(row, at+2)
		if err != nil {
			return err
		}
		sum, err := decode.Add(opening, change)
		proven = proven || err == nil && sum == closing
		if at == 6 {
			d.note("opening", currency, opening)
			d.note("closing", currency, closing)
		}
	}
	if found && !proven {
		return &decode.FieldError{Field: "Ending Balance", Err: fmt.Errorf("%w: opening balance and totals do not make the closing balance", decode.ErrControlTotal)}
	}
	return nil
}

func balance(row []string, at int) (int64, error) {
	n, err := number(field(row, at+1))
	if way := field(row, at); err == nil && way != "CR" && way != "DR" {
		err = errors.New("is neither CR nor DR")
	} else if way == "DR" {
		n = -n
	}
	if err != nil {
		return 0, &decode.FieldError{Field: "Balance", Err: fmt.Errorf("%w: %w", decode.ErrControlTotal, err)}
	}
	return n, nil
}

const maxNoted = 50 // sections whose figures are in the summary

// note writes a figure of the section, in hundredths, into the summary.
func (d *decoder) note(what, currency string, n int64) {
	if d.sections <= maxNoted {
		d.out.Totals[strings.Join([]string{what, currency, d.section.account}, " ")] = decode.Figure(n)
	}
}

// sectionCount ends a section.
func (d *decoder) sectionCount(row []string) error {
	s := d.section
	if s == nil {
		return errors.New("is not in a section (SH)")
	}
	if err := counted(row, "Section Record Count", s.rows); err != nil {
		return err
	}
	for _, currency := range slices.Sorted(maps.Keys(s.totals)) {
		f := s.totals[currency]
		if !s.footed[currency] {
			return fmt.Errorf("%w: the section has rows in %s, but no footer (SF) for them", decode.ErrControlTotal, currency)
		}
		change, err := f.change()
		if err != nil {
			return err
		}
		d.note("computed", currency, change)
	}
	if d.unread += s.unread; d.unread > 0 {
		d.out.Totals["rows without a readable amount"] = strconv.FormatInt(d.unread, 10)
	}
	if d.report == nil {
		d.report = totals{}
	}
	d.count += s.rows
	d.section = nil
	return d.report.addAll(s.totals)
}

func counted(row []string, name string, rows int64) error {
	n, err := number(field(row, 1))
	if err != nil {
		return &decode.FieldError{Field: name, Err: fmt.Errorf("%w: %w", decode.ErrControlTotal, err)}
	}
	if n != rows {
		return &decode.FieldError{Field: name, Err: fmt.Errorf("%w: %s rows stated, %d read", decode.ErrControlTotal, decode.Figure(n), rows)}
	}
	return nil
}

// reportFooter checks the report's totals of one currency. Those in a later file are about the files before it too.
func (d *decoder) reportFooter(row []string) error {
	if err := d.sectionEnded(); err != nil {
		return err
	}
	currency, said, err := stated(row)
	if err != nil {
		return err
	}
	if d.fileNumber > 1 {
		d.out.Totals["report"] = "not verifiable: the report's totals are about its earlier files too"
	}
	if d.fileNumber > 1 || d.unread > 0 {
		return nil
	}
	return agree(said, d.report[currency])
}

func (d *decoder) reportCount(row []string) error {
	if err := d.sectionEnded(); err != nil {
		return err
	}
	if d.fileNumber > 1 {
		_, err := number(field(row, 1))
		return err
	}
	return counted(row, "Report Record Count", d.count)
}

func (d *decoder) fileFooter(row []string) error {
	if err := d.sectionEnded(); err != nil {
		return err
	}
	d.done = true
	d.out.Totals["computed rows"] = strconv.FormatInt(d.count, 10)
	return counted(row, "File Record Count", d.count)
}

func (d *decoder) sectionEnded() error {
	if !d.numbered {
		return errors.New("is not preceded by a file header (FH)")
	}
	if d.section != nil {
		return fmt.Errorf("%w: the section ends without its number of rows (SC)", decode.ErrControlTotal)
	}
	return nil
}
