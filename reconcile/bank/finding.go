package bank

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/money"
	"parallax/internal/record"
)

// maxEvidence bounds how many rows of one finding are shown.
const maxEvidence = 12

// finding starts a finding about a payout or an entry. Its window is the moment its value date begins. The file is no part of
// its fingerprint: a bank tells one entry in several.
func (m *matching) finding(kind audit.Kind, t *transfer) audit.Finding {
	key := idOf(t)
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(kind, m.rules.Scope, key, m.rules.Feed, t.Reference, t.day.Format(time.DateOnly),
			t.Amount.Currency, strconv.FormatInt(t.Amount.Minor, 10), strconv.Itoa(t.nth)),
		Kind: kind, Status: audit.Open, Scope: m.rules.Scope, Key: key, Window: m.windowOf(t),
	}
}

func (m *matching) windowOf(t *transfer) audit.Window {
	if t.anchor != nil {
		t = t.anchor
	}
	if t.day.IsZero() {
		return m.in.Window
	}
	return audit.At(t.day)
}

// idOf is the business key of a payout or an entry.
func idOf(t *transfer) string {
	candidates := []string{t.Reference, t.Batch, t.Original}
	if t.Type == record.Payout {
		candidates = []string{t.Batch, t.Reference}
	}
	return cmp.Or(append(candidates, t.File+":"+strconv.FormatInt(t.Record, 10))...)
}

// idsOf names the first few payouts.
func idsOf(payouts []*transfer) string {
	var ids []string
	for _, p := range payouts {
		ids = append(ids, idOf(p))
	}
	ids = slices.Compact(ids)
	if len(ids) > 3 {
		return strings.Join(ids[:3], ", ") + fmt.Sprintf(" and %d more", len(ids)-3)
	}
	return strings.Join(ids, ", ")
}

func (m *matching) evidence(t *transfer, field, note string) audit.Evidence {
	value := strconv.FormatInt(t.Amount.Minor, 10)
	if field == "reference" {
		value = cmp.Or(t.Reference, t.Batch)
	}
	ref := "record " + strconv.FormatInt(t.Record, 10)
	if t.Record < 0 { // an implied payout
		ref = "lines of batch " + t.Batch + ", from record " + strconv.FormatInt(-t.Record, 10) + " on"
	}
	return audit.Evidence{Source: "file " + t.File, Ref: ref, At: t.day, Field: field, Value: value, Note: note}
}

// total shows what transfers come to, a currency each.
func (m *matching) total(all []*transfer) string {
	var out []string
	for _, a := range amountsOf(all) {
		out = append(out, m.show(money.Amount(a)))
	}
	return strings.Join(out, " and ")
}

// amountsOf adds transfers up by currency. A sum that does not fit starts another item, so that no money is hidden.
func amountsOf(all []*transfer) []audit.Money {
	var out []audit.Money
	for _, t := range all {
		i := slices.IndexFunc(out, func(o audit.Money) bool {
			_, err := money.Amount(o).Add(t.Amount)
			return err == nil
		})
		if i < 0 {
			out = append(out, audit.Money(t.Amount))
			continue
		}
		out[i].Minor += t.Amount.Minor
	}
	slices.SortStableFunc(out, func(a, b audit.Money) int { return cmp.Compare(a.Currency, b.Currency) })
	return out
}

// difference is how much more or less the bank moved; fits is false between currencies, and where 64 bits do not hold it.
func (m *matching) difference(payouts, entries []*transfer) (difference money.Amount, word string, fits bool) {
	paid, credited := amountsOf(payouts), amountsOf(entries)
	if len(paid) != 1 || len(credited) != 1 || paid[0].Currency != credited[0].Currency {
		return money.Amount{}, "", false
	}
	var p, c sum
	p.add(paid[0].Minor)
	c.add(credited[0].Minor)
	gap, word := c.less(&p), "more"
	if gap.sign() < 0 {
		gap, word = p.less(&c), "less"
	}
	minor, fits := gap.minor()
	return money.Amount{Minor: minor, Currency: paid[0].Currency}, word, fits
}

// chargesOf shows what the bank says it kept.
func (m *matching) chargesOf(entries []*transfer) string {
	var out []string
	for _, e := range entries {
		if e.Fee.Minor != 0 {
			out = append(out, m.show(e.Fee))
		}
	}
	return strings.Join(out, " and ")
}

// positive is an amount without its sign, where it has a counterpart.
func positive(a money.Amount) money.Amount {
	if n, err := a.Neg(); err == nil && a.Minor < 0 {
		return n
	}
	return a
}

// counted is a number of things: "1 line", "2 lines".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

func moneyOf(a money.Amount) []audit.Money { return []audit.Money{audit.Money(a)} }

func (m *matching) feed() string { return cmp.Or(m.rules.Feed, "the acquirer") }
func (m *matching) bank() string { return cmp.Or(m.rules.Bank, "bank") }

func (m *matching) through(date string) string {
	if m.in.AllFiles {
		return "all files given"
	}
	return "files through " + cmp.Or(date, "none")
}

func (m *matching) show(a money.Amount) string {
	if m.rules.Exponent == nil {
		return strings.TrimSpace(a.Currency+" "+strconv.FormatInt(a.Minor, 10)) + " minor units"
	}
	return a.Format(m.rules.Exponent(a.Currency))
}

func (m *matching) showSum(s *sum, currency string) string {
	if minor, fits := s.minor(); fits {
		return m.show(money.Amount{Minor: minor, Currency: currency})
	}
	return currency + " " + s.String() + " minor units"
}

// sumMoney is a sum as a finding's amount; nothing where 64 bits do not hold it.
func (m *matching) sumMoney(s *sum, currency string) []audit.Money {
	minor, fits := s.minor()
	if !fits {
		return nil
	}
	return []audit.Money{{Minor: minor, Currency: currency}}
}
