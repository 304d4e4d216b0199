package fixedwidth

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"parallax/internal/pan"
	"parallax/sources/settlement/decode"
)

// read takes over the fields of one record of the line. The first that is wrong rejects the line; the others are read all
// the same, for the totals count its amount.
func (d *decoder) read(r *recordPlan, rec []byte) {
	for i := range r.fields {
		f := &r.fields[i]
		raw := at(rec, f.from, f.to)
		if len(raw) == 0 {
			if raw = []byte(f.Default); len(raw) == 0 {
				continue
			}
		}
		if err := d.field(f, raw, rec); err != nil {
			d.fail(d.frames.number, &decode.FieldError{Field: f.name, Err: err})
		}
	}
}

func (d *decoder) field(f *fieldPlan, raw, rec []byte) (err error) {
	t := &d.transaction
	switch f.means.kind {
	case amountField:
		a := &t.amounts[f.means.amount]
		a.digits, err = d.signed(f, raw, rec)
		a.decimals, a.set = f.Decimals, err == nil
	case currencyField:
		t.amounts[f.means.amount].currency, err = d.currency(raw)
	case dateField:
		err = d.date(f, raw)
	case timeField:
		if len(raw) != f.Length {
			return decode.ErrNotNumeric
		}
		t.clock, err = parseClock(raw)
	case cardField:
		t.line.MaskedPAN = decode.MaskPAN(string(raw))
	case numberField:
		err = d.partNumber(f, raw)
	case codeField:
		t.means, t.coded = d.types[string(raw)]
		if !t.coded {
			return errors.New("is a code the layout does not know")
		}
	case rateField:
		t.line.Rate, err = d.rate(f, raw)
	default:
		*f.means.text(&t.line), err = d.text(raw)
	}
	return err
}

// signed reads an amount's digits. A sign stands before or behind them, or at a place of its own.
func (d *decoder) signed(f *fieldPlan, raw, rec []byte) (int64, error) {
	negative := false
	switch last := len(raw) - 1; {
	case raw[0] == '-' || raw[0] == '+':
		negative, raw = raw[0] == '-', raw[1:]
	case raw[last] == '-' || raw[last] == '+':
		negative, raw = raw[last] == '-', raw[:last]
	}
	n, err := digits(raw)
	if err != nil {
		return 0, err
	}
	if s := f.Sign; s != nil {
		code := string(at(rec, s.At-1, s.At-1+s.Length))
		switch {
		case contains(s.Negative, code):
			negative = !negative
		case !contains(s.Positive, code):
			return 0, errors.New("has a sign the layout does not know")
		}
	}
	if negative {
		n = -n
	}
	return n, nil
}

func contains(texts []string, text string) bool {
	for _, t := range texts {
		if strings.TrimSpace(t) == text {
			return true
		}
	}
	return false
}

// digits reads an unsigned number.
func digits(raw []byte) (int64, error) {
	if len(raw) == 0 {
		return 0, decode.ErrNotNumeric
	}
	var n int64
	for _, c := range raw {
		d := int64(c) - '0'
		if d < 0 || d > 9 {
			return 0, decode.ErrNotNumeric
		}
		if n > (maxInt64-d)/10 {
			return 0, decode.ErrTooLarge
		}
		n = n*10 + d
	}
	return n, nil
}

// currency reads ISO 4217 digits or letters. 000 is what stands where there is no amount.
func (d *decoder) currency(raw []byte) (string, error) {
	if string(raw) == "000" {
		return "", nil
	}
	if letters, ok := d.currencies[string(raw)]; ok {
		return letters, nil
	}
	if _, ok := d.exponents[string(raw)]; ok {
		return string(raw), nil
	}
	return "", decode.ErrUnknownCurrency
}

func (d *decoder) date(f *fieldPlan, raw []byte) error {
	if len(raw) != len(f.Format) {
		return errDate
	}
	day, err := parseDate(raw, f.Format, d.fileDate)
	switch {
	case err != nil || day.IsZero():
		return err
	case f.means.text == nil:
		d.day = day
	default:
		*f.means.text(&d.line) = day.Format(time.DateOnly)
	}
	return nil
}

func (d *decoder) partNumber(f *fieldPlan, raw []byte) error {
	n, err := digits(raw)
	if err == nil && n > 1<<31-1 {
		err = decode.ErrTooLarge
	}
	if err != nil {
		return err
	}
	if f.name == "part" {
		d.line.Part = int(n)
	} else {
		d.line.Parts = int(n)
	}
	return nil
}

// rate reads a decimal number with a point, written or implied.
func (d *decoder) rate(f *fieldPlan, raw []byte) (string, error) {
	whole, frac, pointed := strings.Cut(string(raw), ".")
	if f.Decimals != nil && !pointed && len(whole) > *f.Decimals {
		whole, frac = whole[:len(whole)-*f.Decimals], whole[len(whole)-*f.Decimals:]
	}
	if _, err := digits([]byte(whole + frac)); err != nil || whole == "" {
		return "", decode.ErrNotNumeric
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if frac == "" {
		return whole, nil
	}
	return whole + "." + frac, nil
}

// text decodes a field, without blanks around it and with card numbers masked.
func (d *decoder) text(raw []byte) (string, error) {
	ascii := true
	for _, c := range raw {
		if c < 0x20 || c >= 0x7F && c < 0xA0 && (c == 0x7F || d.Encoding != "" && d.Encoding != "ascii") {
			return "", decode.ErrControlCharacter
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	if ascii {
		return pan.Mask(string(raw)), nil
	}
	if d.Encoding == "" || d.Encoding == "ascii" {
		return "", errors.New("is not ASCII text")
	}
	var out strings.Builder
	for _, c := range raw {
		out.WriteRune(rune(c))
	}
	if out.Len() > maxText {
		return "", errors.New("is longer than 256 bytes")
	}
	return pan.Mask(out.String()), nil
}

const maxText = 256
