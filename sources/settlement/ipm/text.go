package ipm

import (
	"errors"
	"strings"
	"time"

	"parallax/internal/pan"
	"parallax/internal/record"
	"parallax/sources/settlement/decode"
)

// maxText is the longest text of a line, in bytes.
const maxText = 256

// texts fills the text fields of a line. They are cut from one string, so that a line costs one allocation.
func (d *decoder) texts(l *record.SettlementLine, means *meaning) error {
	m := &d.msg
	d.scratch = d.scratch[:0]
	var ends [6]int
	for i, de := range [...]int{63, 31, 37, 38} {
		var err error
		if raw := m.element[de]; raw != nil {
			start := len(d.scratch)
			d.scratch, err = m.charset.appendText(d.scratch, raw)
			if err == nil && len(d.scratch)-start > maxText {
				err = errors.New("is longer than 256 bytes")
			}
		}
		if err != nil {
			return &decode.FieldError{Field: nameOf(de), Err: err}
		}
		ends[i] = len(d.scratch)
	}
	d.scratch = append(d.scratch, m.maskedPAN()...)
	ends[4] = len(d.scratch)
	var err error
	if d.scratch, err = d.appendRate(d.scratch); err != nil {
		return err
	}
	ends[5] = len(d.scratch)
	all := string(d.scratch)
	l.Reference, l.ARN = masked(all[:ends[0]]), masked(all[ends[0]:ends[1]])
	l.RRN, l.AuthCode = masked(all[ends[1]:ends[2]]), masked(all[ends[2]:ends[3]])
	l.MaskedPAN, l.Rate = all[ends[3]:ends[4]], all[ends[4]:ends[5]]
	if means.linked || l.Reversal {
		if l.Original = l.Reference; l.Original == "" {
			l.Original = l.ARN
		}
	}
	if means.linked || means.line == record.Fee {
		return d.reason(l)
	}
	return nil
}

// reason adds the message reason code (DE25) to the line's code.
func (d *decoder) reason(l *record.SettlementLine) error {
	reason, err := d.msg.charset.text(d.msg.element[25])
	if err != nil {
		return &decode.FieldError{Field: "DE25", Err: err}
	}
	if reason != "" {
		l.Code += " " + reason
	}
	return nil
}

// appendRate writes DE9, the conversion rate from DE4 to DE5, as a decimal number: its first digit says how many of the
// seven others are decimals (ISO 8583). A rate of zero is none.
func (d *decoder) appendRate(dst []byte) ([]byte, error) {
	raw := d.msg.element[9]
	if raw == nil {
		return dst, nil
	}
	n := d.msg.charset.small(raw)
	if n < 0 {
		return dst, &decode.FieldError{Field: "DE9", Err: decode.ErrNotNumeric}
	}
	decimals, value := n/10_000_000, n%10_000_000
	if value == 0 {
		return dst, nil
	}
	for ; decimals > 0 && value%10 == 0; decimals-- {
		value /= 10
	}
	var digits [16]byte
	at := len(digits)
	for i := 0; value > 0 || i <= decimals; i++ {
		if i == decimals && decimals > 0 {
			at--
			digits[at] = '.'
		}
		at--
		digits[at] = '0' + byte(value%10)
		value /= 10
	}
	return append(dst, digits[at:]...), nil
}

// masked is pan.Mask without its work where no card number can be: in fewer than 13 bytes, and in nothing but digits, more
// than 20 of them, as an acquirer reference has.
func masked(text string) string {
	if len(text) < 13 {
		return text
	}
	if len(text) > 20 {
		only := true
		for i := range len(text) {
			only = only && text[i]-'0' <= 9
		}
		if only {
			return text
		}
	}
	return pan.Mask(text)
}

// day is a date YYMMDD and what it reads as. Most lines of a file have the same.
type day struct {
	raw  [6]byte
	date string // YYYY-MM-DD; empty where raw is no date
}

// read returns the date in raw, six bytes; empty where there is none.
func (d *day) read(c *charset, raw []byte) string {
	if d.date != "" && string(d.raw[:]) == string(raw) {
		return d.date
	}
	copy(d.raw[:], raw)
	d.date = ""
	text, err := c.text(raw)
	if err != nil {
		return ""
	}
	if t, err := time.Parse("060102", text); err == nil {
		d.date = t.Format(time.DateOnly)
	}
	return d.date
}

// settlement is what PDS0159 says: settlement agent (11), its account (28), level (1), service (10), rate class (1),
// reconciliation date (6) and cycle (2), settlement date (6) and cycle (2).
type settlement struct {
	raw   [27]byte // service to settlement cycle
	valid bool
	date  day
	batch string
}

// dates fills what the network says about when a line is settled, and with what. These are notes of the network's beside the
// money, known at second hand, so that what does not look as it should is left out and no reason to reject a line.
//
// The business date is in PDS0158: acceptance brand (3), business service level (1) and id (6), interchange rate (2),
// business date (6).
func (d *decoder) dates(l *record.SettlementLine) {
	c := d.msg.charset
	if raw := d.msg.pds[pdsBusiness]; len(raw) >= 18 {
		if date := d.business.read(c, raw[12:18]); date != "" {
			l.BusinessDate = date
		}
	}
	raw := d.msg.pds[pdsSettlement]
	if len(raw) < 67 {
		return
	}
	s := &d.settled
	if from := raw[40:67]; !s.valid || string(s.raw[:]) != string(from) {
		copy(s.raw[:], from)
		s.valid, s.batch = true, ""
		date := s.date.read(c, from[19:25])
		service, err1 := c.text(from[:10])
		cycle, err2 := c.text(from[25:27])
		if date != "" && err1 == nil && err2 == nil {
			s.batch = strings.TrimSpace(date + "/" + cycle + " " + service) // the date first: no card number begins so
		}
	}
	if s.batch != "" {
		l.ValueDate, l.Batch = s.date.date, s.batch
	}
}
