package camt

import (
	"fmt"
	"strconv"

	"parallax/sources/settlement/decode"
)

// summary holds TxsSummry against the entries. It may count all of them or the booked ones alone.
func (d *decoder) summary() error {
	s := &d.st
	d.total("computed entries", s.all.count())
	if n := s.all.count() - s.booked.count() - s.all.unreadable; n > 0 {
		d.total("entries not booked", n)
	}
	if s.unsplit > 0 {
		d.total("entries without amounts of their transactions", s.unsplit)
	}
	if s.unfooted > 0 {
		d.say("computed transactions", fmt.Sprintf("not verifiable: %d entries have a transaction without a readable amount", s.unfooted))
	}
	if s.stated.all.count != "" {
		d.say("stated entries", s.stated.all.count)
	}
	err := d.agree(&s.all)
	if err != nil && d.agree(&s.booked) == nil {
		return nil
	}
	return err
}

func (t *tally) count() int64 { return t.credits + t.debits + t.unreadable }

// agree compares every figure that is stated.
func (d *decoder) agree(t *tally) error {
	stated := d.st.stated
	if err := agreeCount("TtlNtries", stated.all.count, t.count()); err != nil {
		return err
	}
	if d.st.all.unreadable > 0 {
		d.say("computed sums", d.st.unverifiable())
		return nil
	}
	if err := agreeCount("TtlCdtNtries", stated.credits.count, t.credits); err != nil {
		return err
	}
	if err := agreeCount("TtlDbtNtries", stated.debits.count, t.debits); err != nil {
		return err
	}
	if len(t.flows) > 1 {
		d.say("computed sums", "not verifiable: entries are in several currencies, their sum has none")
		return nil
	}
	digits, f := 5, flow{} // five decimals are enough for the zero of no entries
	for currency, only := range t.flows {
		f = only
		var err error
		if digits, err = decode.Exponent(currency); err != nil {
			return err
		}
	}
	both, err := decode.Add(f.in, f.out)
	if err != nil {
		return &decode.FieldError{Field: "Stmt/TxsSummry/TtlNtries/Sum", Err: err}
	}
	for _, c := range []struct {
		field, stated string
		computed      int64
	}{
		{"TtlNtries/Sum", stated.all.sum, both}, {"TtlCdtNtries/Sum", stated.credits.sum, f.in}, {"TtlDbtNtries/Sum", stated.debits.sum, f.out},
	} {
		if err := agreeSum(c.field, c.stated, digits, c.computed); err != nil {
			return err
		}
	}
	return stated.agreeNet(digits, f)
}

func agreeCount(field, stated string, computed int64) error {
	if stated == "" {
		return nil
	}
	if n, err := strconv.ParseInt(stated, 10, 64); err != nil || n != computed {
		return disagree(field+"/NbOfNtries", "entries", stated, computed, err)
	}
	return nil
}

func agreeSum(field, stated string, digits int, computed int64) error {
	if stated == "" {
		return nil
	}
	if n, err := decimal(stated, digits); err != nil || n != computed {
		return disagree(field, "in minor units", strconv.FormatInt(n, 10), computed, err)
	}
	return nil
}

// agreeNet compares the net sum; without a direction it may be of either sign.
func (s summary) agreeNet(digits int, f flow) error {
	computed := f.in - f.out
	if s.net == "" {
		return nil
	}
	n, err := decimal(s.net, digits)
	if s.netSign != 0 {
		n *= s.netSign
	} else if n == -computed {
		n = computed
	}
	if err != nil || n != computed {
		return disagree("TtlNtries/TtlNetNtry", "in minor units", strconv.FormatInt(n, 10), computed, err)
	}
	return nil
}

func disagree(field, unit, stated string, computed int64, err error) error {
	if err != nil {
		err = fmt.Errorf("%w: is no number", decode.ErrControlTotal)
	} else {
		err = fmt.Errorf("%w: %s stated, %d read (%s)", decode.ErrControlTotal, stated, computed, unit)
	}
	return &decode.FieldError{Field: "Stmt/TxsSummry/" + field, Err: err}
}
