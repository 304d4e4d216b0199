package reconcile

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"strconv"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Certainty says what an equal key is worth.
type Certainty string

// The certainties.
const (
	Proven   Certainty = "proven"   // the key names the payment: whatever differs is a break
	Probable Certainty = "probable" // a key that others may carry by chance: it pairs only where it fits one payment and one transaction
	Suggest  Certainty = "suggest"  // it never pairs; the candidates are listed as evidence
)

// Tier is one way to bring payments and lines together: all fields of the key are there and equal on both sides.
type Tier struct {
	Name               string // as match records and reasons say it
	Key                []Field
	Sure               Certainty
	WithinBusinessDays int // payment and line lie at most so far apart; 0: the time between them does not matter
}

// Field is one column of a key. Ledger may be payment_id, idempotency_key, reference, rrn, auth_code, amount, currency,
// last4, or the name of any further column of the ledger (arn, for instance). Line may be payment_id, reference, arn, rrn,
// auth_code, amount, currency, last4 or batch; empty means the same as Ledger.
type Field struct {
	Ledger string
	Line   string
}

// fields are the same columns on both sides.
func fields(names ...string) []Field {
	out := make([]Field, len(names))
	for i, name := range names {
		out[i] = Field{Ledger: name, Line: name}
	}
	return out
}

// rrnDays bounds how far apart payment and line may be under one rrn: acquirers use the numbers again.
const rrnDays = 5

// DefaultTiers are the keys that card networks and acquirers share with a merchant, the safest first. The rrn is born at
// authorisation and the arn at clearing, so a ledger may hold either.
func DefaultTiers() []Tier {
	return []Tier{
		{Name: "payment id", Key: fields("payment_id"), Sure: Proven},
		{Name: "idempotency key", Key: []Field{{Ledger: "idempotency_key", Line: "payment_id"}}, Sure: Proven},
		{Name: "network reference", Key: fields("reference"), Sure: Proven},
		{Name: "acquirer reference number", Key: fields("arn"), Sure: Proven},
		{Name: "rrn, authorisation code, amount and currency", Key: fields("rrn", "auth_code", "amount", "currency"), Sure: Probable, WithinBusinessDays: rrnDays},
		{Name: "rrn and authorisation code", Key: fields("rrn", "auth_code"), Sure: Probable, WithinBusinessDays: rrnDays},
		{Name: "last four digits, authorisation code, amount and currency", Key: fields("last4", "auth_code", "amount", "currency"), Sure: Suggest, WithinBusinessDays: rrnDays},
	}
}

// tier is a Tier that was found to make sense.
type tier struct {
	Tier

	verdict audit.Verdict // how sure a finding is that rests on the pairing
	ledger  []func(*record.Entry) string
	line    []func(*record.SettlementLine) string
	weaker  *tier // the same for keys that were masked, and so may be those of several payments; nil: it is no proof anyway
}

func compileTiers(tiers []Tier) ([]tier, error) {
	if tiers == nil {
		tiers = DefaultTiers()
	}
	out := make([]tier, len(tiers))
	for i, t := range tiers {
		verdict, known := map[Certainty]audit.Verdict{Proven: audit.Proven, Probable: audit.Probable, Suggest: audit.Undecidable}[t.Sure]
		switch {
		case t.Name == "":
			return nil, fmt.Errorf("tier %d has no name", i+1)
		case !known:
			return nil, fmt.Errorf("tier %q: %q is none of proven, probable and suggest", t.Name, t.Sure)
		case len(t.Key) == 0:
			return nil, fmt.Errorf("tier %q has no key", t.Name)
		case t.WithinBusinessDays < 0:
			return nil, fmt.Errorf("tier %q: %d business days", t.Name, t.WithinBusinessDays)
		}
		out[i] = tier{Tier: t, verdict: verdict}
		for _, f := range t.Key {
			name := cmp.Or(f.Line, f.Ledger)
			of := LineField(name)
			switch {
			case f.Ledger == "" || of == nil:
				return nil, fmt.Errorf("tier %q: ledger field %q and line field %q: lines have %v", t.Name, f.Ledger, f.Line, lineFields)
			case (f.Ledger == "amount") != (name == "amount"):
				return nil, fmt.Errorf("tier %q: an amount is held against an amount only", t.Name)
			}
			out[i].ledger, out[i].line = append(out[i].ledger, EntryField(f.Ledger)), append(out[i].line, of)
		}
		if t.Sure == Proven {
			weaker := out[i]
			weaker.Sure, weaker.verdict = Probable, audit.Probable
			out[i].weaker = &weaker
		}
	}
	return out, nil
}

var lineFields = []string{"payment_id", "reference", "arn", "rrn", "auth_code", "amount", "currency", "last4", "batch"}

// EntryField is how a column of a ledger row is read as text.
func EntryField(name string) func(*record.Entry) string {
	switch name {
	case "payment_id":
		return func(e *record.Entry) string { return e.PaymentID }
	case "idempotency_key":
		return func(e *record.Entry) string { return e.IdempotencyKey }
	case "reference":
		return func(e *record.Entry) string { return e.NetworkReference }
	case "rrn":
		return func(e *record.Entry) string { return e.RRN }
	case "auth_code":
		return func(e *record.Entry) string { return e.AuthCode }
	case "amount":
		return func(e *record.Entry) string { return strconv.FormatInt(e.Amount.Minor, 10) }
	case "currency":
		return func(e *record.Entry) string { return e.Amount.Currency }
	case "last4":
		return func(e *record.Entry) string { return last4(e.Extra["last4"]) }
	default:
		return func(e *record.Entry) string { return e.Extra[name] }
	}
}

// LineField is how a column of a line is read as text; nil where lines have no such column.
func LineField(name string) func(*record.SettlementLine) string {
	switch name {
	case "payment_id":
		return func(l *record.SettlementLine) string { return l.PaymentID }
	case "reference":
		return func(l *record.SettlementLine) string { return l.Reference }
	case "arn":
		return func(l *record.SettlementLine) string { return l.ARN }
	case "rrn":
		return func(l *record.SettlementLine) string { return l.RRN }
	case "auth_code":
		return func(l *record.SettlementLine) string { return l.AuthCode }
	case "amount":
		return func(l *record.SettlementLine) string { return strconv.FormatInt(l.Amount.Minor, 10) }
	case "currency":
		return func(l *record.SettlementLine) string { return l.Amount.Currency }
	case "last4":
		return func(l *record.SettlementLine) string { return last4(l.MaskedPAN) }
	case "batch":
		return func(l *record.SettlementLine) string { return l.Batch }
	default:
		return nil
	}
}

// last4 are the last four digits of a truncated card number.
func last4(masked string) string {
	if len(masked) < 4 {
		return ""
	}
	return masked[len(masked)-4:]
}

// entryKey and lineKey are empty where any part of the key is missing: what is left of it proves nothing.
func (t *tier) entryKey(p *payment) string { return key(t.ledger, p.Entry) }
func (t *tier) lineKey(l *line) string     { return key(t.line, l.SettlementLine) }

// key joins parts so that no two lists of parts make one key. A key of one part is that part, without a copy.
func key[R any](parts []func(R) string, row R) string {
	if len(parts) == 1 {
		return parts[0](row)
	}
	var room [96]byte
	b := room[:0]
	for _, part := range parts {
		text := part(row)
		if text == "" {
			return ""
		}
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return string(b)
}
