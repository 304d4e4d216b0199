package fixedwidth

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

const (
	maxRecord = 32 << 10 // bytes of a record
	maxDigits = 19       // of an amount: more overflow 64 bits in any case
	maxRate   = 12       // of an exchange rate: a longer number could be a card's
)

// Validate reports what is wrong with a layout, before any file is read.
func (l Layout) Validate() error {
	if err := l.validate(); err != nil {
		return fmt.Errorf("fixed-width layout %s: %w", l.Name, err)
	}
	return nil
}

func (l Layout) validate() error {
	switch {
	case l.Name == "":
		return errors.New("has no name")
	case l.Length < 0 || l.Length > maxRecord:
		return fmt.Errorf("length %d is not between 0 and %d bytes", l.Length, maxRecord)
	case l.Short && l.Length > 0:
		return errors.New("short records are lines, but a length is given")
	case l.Same != nil && !l.inside(*l.Same):
		return errors.New("same: is not inside the record")
	}
	if _, ok := encodings[l.Encoding]; !ok {
		return fmt.Errorf("encoding %q is none of %s", l.Encoding, strings.Join(slices.Sorted(maps.Keys(encodings))[1:], ", "))
	}
	if _, err := decode.Exponent(l.Currency); l.Currency != "" && err != nil {
		return fmt.Errorf("currency %q %w", l.Currency, err)
	}
	for i, r := range l.Records {
		if err := l.validateRecord(r); err != nil {
			return fmt.Errorf("record %s: %w", r.Name, err)
		}
		if len(r.When) == 0 && i < len(l.Records)-1 {
			return fmt.Errorf("record %s: has no condition, so the records behind it are never seen", r.Name)
		}
	}
	if err := l.validateTypes(); err != nil {
		return err
	}
	return l.validateWhole()
}

// validateWhole looks for what a layout must have somewhere.
func (l Layout) validateWhole() error {
	has, roles := map[string]bool{}, map[Role]int{}
	for _, r := range l.Records {
		roles[r.Role]++
		if r.Role == Line || r.Role == Continuation {
			for name := range r.Fields {
				has[name] = true
			}
		}
	}
	switch {
	case roles[Line] == 0:
		return errors.New("no record has the role line")
	case roles[Header] > 1 || roles[Trailer] > 1:
		return errors.New("more than one record is the header or trailer")
	case !has["amount"]:
		return errors.New("field amount stands nowhere")
	case !has["currency"] && l.Currency == "":
		return errors.New("field currency stands nowhere, and no currency is given for all lines")
	case !has["code"] && l.Type == "":
		return errors.New("field code stands nowhere, and no type is given for all lines")
	case has["transaction_time"] && !has["transaction_date"]:
		return errors.New("field transaction_time needs transaction_date")
	}
	for _, c := range []string{"settlement", "billing", "net"} {
		if has[c+"_currency"] && !has[c+"_amount"] {
			return fmt.Errorf("field %s_currency needs %s_amount", c, c)
		}
	}
	if !slices.ContainsFunc(keys, func(k string) bool { return has[k] }) {
		return fmt.Errorf("none of the fields %s stands anywhere, so nothing could be matched", strings.Join(keys, ", "))
	}
	return nil
}

func (l Layout) validateTypes() error {
	if l.Type != "" && !slices.Contains(record.LineTypes(), l.Type) {
		return fmt.Errorf("type %q is none of %v", l.Type, record.LineTypes())
	}
	for _, code := range slices.Sorted(maps.Keys(l.Types)) {
		if t := l.Types[code].Line; t != "" && !slices.Contains(record.LineTypes(), t) {
			return fmt.Errorf("code %q means %q, which is none of %v", code, t, record.LineTypes())
		}
	}
	return nil
}

func (l Layout) validateRecord(r Record) error {
	if !slices.Contains([]Role{Header, Line, Continuation, BatchTrailer, Trailer, Skip}, r.Role) {
		return fmt.Errorf("role %q is unknown", r.Role)
	}
	for _, c := range r.When {
		if len(c.Is) == 0 {
			return errors.New("condition without texts")
		}
		for _, text := range c.Is {
			if len(text) != len(c.Is[0]) || !l.inside(Place{c.At, len(text)}) {
				return fmt.Errorf("condition at %d: its texts differ in length or lie outside the record", c.At)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
		if err := l.validateField(r.Role, name, r.Fields[name]); err != nil {
			return fmt.Errorf("field %s: %w", name, err)
		}
	}
	for i, t := range r.Totals {
		if r.Role != Trailer && r.Role != BatchTrailer {
			return errors.New("only trailers have totals")
		}
		if !l.inside(t.Place) || t.Length > maxDigits {
			return fmt.Errorf("total %d: lies outside the record or has more than %d digits", i+1, maxDigits)
		}
		if !slices.Contains([]Figure{CountRecords, CountLines, SumUnsigned, SumSigned}, t.Of) {
			return fmt.Errorf("total %d: %q is unknown", i+1, t.Of)
		}
		if len(t.Codes) > 0 && t.Of == CountRecords {
			return fmt.Errorf("total %d: records have no codes, lines have", i+1)
		}
	}
	return nil
}

func (l Layout) validateField(role Role, name string, f Field) error {
	means, known := meanings[name]
	switch {
	case !known:
		return fmt.Errorf("is unknown; known are %s", strings.Join(Fields(), ", "))
	case !l.inside(Place{f.At, f.Length}):
		return fmt.Errorf("position %d with length %d lies outside the record", f.At, f.Length)
	case role == Header && !slices.Contains(ofHeader, name), role == Trailer && name != "file_id", role == BatchTrailer, role == Skip:
		return fmt.Errorf("is not read in a %s", role)
	case role != Header && role != Trailer && means.kind == fileField:
		return errors.New("belongs in the header")
	case means.kind == dateField:
		return validateFormat(f.Format, f.Length)
	case means.kind == timeField && f.Length != 4 && f.Length != 6:
		return errors.New("is hhmm or hhmmss, 4 or 6 bytes")
	case means.kind == currencyField && f.Length != 3:
		return errors.New("is an ISO 4217 code of 3 bytes")
	case means.kind == rateField && f.Length > maxRate:
		return fmt.Errorf("has %d bytes, a rate has at most %d", f.Length, maxRate)
	case means.kind != amountField && f.Sign != nil, means.kind != amountField && means.kind != rateField && f.Decimals != nil:
		return errors.New("decimals and sign are for amounts")
	case means.kind == amountField:
		return l.validateAmount(f)
	}
	return nil
}

func (l Layout) validateAmount(f Field) error {
	if f.Length > maxDigits+1 {
		return fmt.Errorf("has %d bytes, an amount has at most %d and a sign", f.Length, maxDigits)
	}
	if f.Decimals != nil && (*f.Decimals < 0 || *f.Decimals > 6) {
		return fmt.Errorf("decimals %d are not between 0 and 6", *f.Decimals)
	}
	if f.Sign == nil {
		return nil
	}
	if !l.inside(f.Sign.Place) || len(f.Sign.Negative) == 0 {
		return errors.New("sign lies outside the record or has no code for negative")
	}
	for _, code := range f.Sign.Negative {
		if slices.Contains(f.Sign.Positive, code) {
			return fmt.Errorf("sign %q is both positive and negative", code)
		}
	}
	return nil
}

func (l Layout) inside(p Place) bool {
	end := l.Length
	if end == 0 {
		end = maxRecord
	}
	return p.At >= 1 && p.Length >= 1 && p.At <= end && p.Length <= end && p.At+p.Length-1 <= end
}
