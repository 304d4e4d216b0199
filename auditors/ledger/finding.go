package ledger

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// difference is one compared field in which two copies of a row disagree. A null is an empty text there, unless the field is a
// further column, which has no value then.
type difference struct {
	field, left, right  string
	leftNull, rightNull bool
}

func differences(compare []string, a, b record.Entry) []difference {
	var out []difference
	for _, field := range compare {
		l, inLeft := a.Field(field)
		r, inRight := b.Field(field)
		if l != r || inLeft != inRight {
			out = append(out, difference{field, l, r, !inLeft, !inRight})
		}
	}
	return out
}

// said are both values as a sentence holds them.
func (d difference) said() (left, right string) {
	return quoted(d.left, d.leftNull), quoted(d.right, d.rightNull)
}

func quoted(value string, null bool) string {
	if null {
		return "null"
	}
	return strconv.Quote(value)
}

// lostRow is about a payment that the writer lacks, or, further, about one more row of a payment that it has.
func lostRow(rules Rules, e record.Entry, writer audit.Region, further bool) audit.Finding {
	f := base(rules, audit.LedgerLostRow, e, audit.Critical, audit.Proven)
	f.Region = e.Region
	f.Rule = "in a witness by payment id, absent from the writer"
	f.Reason = fmt.Sprintf("Payment %s was written to the ledger in %s and is missing from the ledger that is in force now.", e.PaymentID, e.Region)
	f.Evidence = []audit.Evidence{
		observed(rules, e, NoteLost(e.Witness)),
		absent(rules, writer, e, "no row with this payment id on the writer"),
	}
	if further {
		f.Fingerprint = rowFingerprint(f.Kind, rules, e)
		f.Rule = RuleFewerRows
		f.Reason = fmt.Sprintf("A row of payment %s was written to the ledger in %s and is missing from the ledger that is in force now, which has other rows of it.",
			e.PaymentID, e.Region)
		f.Evidence[1].Note = "no counterpart of this row on the writer"
	}
	return f
}

// olderThanShared puts into words that the failover did not lose a row, for others that were written after it survived.
func olderThanShared(f audit.Finding, s record.Entry, shared time.Time) audit.Finding {
	f.Verdict = audit.Probable
	f.Rule += "; older than rows that survived the failover"
	f.Reason = strings.TrimSuffix(f.Reason, ".") + ", though rows written after it survived: it was deleted there, or it never was replicated."
	f.Evidence = append(f.Evidence, audit.Evidence{
		Source: f.Evidence[0].Source, Region: s.Region, Ref: "newest row in both copies", At: shared, Field: "created_at",
		Value: shared.UTC().Format(time.RFC3339Nano), Note: fmt.Sprintf("%s after the missing row", shared.Sub(s.CreatedAt).Round(time.Millisecond)),
	})
	return f
}

// notReplicated is about a payment that the reader lacks, or, further, about one more row of a payment that it has.
func notReplicated(rules Rules, e record.Entry, reader audit.Region, further bool) audit.Finding {
	f := base(rules, audit.LedgerNotReplicated, e, audit.High, audit.Proven)
	f.Region = reader
	f.Rule = fmt.Sprintf("on the writer for longer than the margin of %s, absent from the reader", rules.Margin)
	f.Reason = fmt.Sprintf("Payment %s is in the ledger of %s and has not reached the other region; a failover now would lose it.", e.PaymentID, e.Region)
	f.Evidence = []audit.Evidence{
		observed(rules, e, "the row on the writer"),
		absent(rules, reader, e, "no row with this payment id on the reader"),
	}
	if further {
		f.Fingerprint = rowFingerprint(f.Kind, rules, e)
		f.Reason = fmt.Sprintf("A row of payment %s is in the ledger of %s and has not reached the other region, which has other rows of it; a failover now would lose it.",
			e.PaymentID, e.Region)
		f.Evidence[1].Note = "no counterpart of this row on the reader"
	}
	return f
}

// afterPromotion puts into words that the old primary, which was not fenced, went on writing: such a write was never due to be
// replicated, and whoever asked for it was told that it had succeeded.
func afterPromotion(f audit.Finding, p Promotion, at time.Time) audit.Finding {
	f.Rule += "; written by the old primary after the promotion"
	f.Reason = strings.TrimSuffix(f.Reason, ".") + fmt.Sprintf(", for the old primary wrote it after %s was promoted.", p.To)
	f.Evidence = append(f.Evidence, audit.Evidence{
		Source: "failover", Region: p.To, Ref: string(p.From) + " -> " + string(p.To), At: p.At, Field: "promoted", Value: p.At.UTC().Format(time.RFC3339Nano),
		Note: fmt.Sprintf("written by the old primary %s after the promotion (+/- %s)", at.Sub(p.At).Round(time.Millisecond), p.Error),
	})
	return f
}

// rowFingerprint tells the rows of one payment apart.
func rowFingerprint(kind audit.Kind, rules Rules, e record.Entry) audit.Fingerprint {
	return audit.NewFingerprint(kind, rules.Scope, e.PaymentID, e.ID, e.CreatedAt.UTC().Format(time.RFC3339Nano))
}

// changedRow belongs to the window its row was created in, like every finding here: rows are read by their creation, so
// that is the one run that reports it. Two rows of one payment that are not known to be the same prove nothing.
func changedRow(rules Rules, t twin, diffs []difference, verdict audit.Verdict) audit.Finding {
	w, other := t.left, t.right
	if !t.sure {
		verdict = audit.Probable
	}
	f := base(rules, audit.LedgerChangedRow, other, audit.High, verdict)
	f.Region = other.Region
	f.Amounts = amounts(w)
	f.Rule = "same payment id, different " + diffs[0].field
	inForce, there := diffs[0].said()
	f.Reason = fmt.Sprintf("Payment %s has %s %s in the ledger in force, but %s in the %s of %s: that change never arrived.",
		w.PaymentID, diffs[0].field, inForce, there, other.Witness, other.Region)
	if !sameRow(w, other) {
		f.Reason = fmt.Sprintf("Payment %s was written twice: with %s %s to the ledger in force, and with %s to the %s of %s, which never arrived.",
			w.PaymentID, diffs[0].field, inForce, there, other.Witness, other.Region)
	}
	for _, d := range diffs {
		left, right := observed(rules, w, NoteInForce), observed(rules, other, NoteHeld(other.Witness))
		left.Field, left.Value = d.field, d.left
		right.Field, right.Value = d.field, d.right
		left.At, right.At = changedAt(w), changedAt(other)
		f.Evidence = append(f.Evidence, left, right)
	}
	return f
}

func changedAt(e record.Entry) time.Time {
	if e.UpdatedAt.IsZero() {
		return e.CreatedAt
	}
	return e.UpdatedAt
}

func idCollision(rules Rules, w, s record.Entry) audit.Finding {
	f := base(rules, audit.LedgerIDCollision, s, audit.High, audit.Proven)
	f.Key = s.ID
	f.Fingerprint = audit.NewFingerprint(f.Kind, rules.Scope, s.ID)
	f.Region = s.Region
	f.Rule = "one serial id, two payment ids"
	f.Reason = fmt.Sprintf("Row id %s belongs to payment %s now and belonged to payment %s on the old primary; whatever refers to rows by id may join the wrong payment.",
		s.ID, w.PaymentID, s.PaymentID)
	left, right := observed(rules, w, NoteInForce), observed(rules, s, NoteHeld(s.Witness))
	left.Field, left.Value = "payment_id", w.PaymentID
	right.Field, right.Value = "payment_id", s.PaymentID
	f.Evidence = []audit.Evidence{left, right}
	return f
}

func base(rules Rules, kind audit.Kind, e record.Entry, severity audit.Severity, verdict audit.Verdict) audit.Finding {
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(kind, rules.Scope, e.PaymentID),
		Kind:        kind, Severity: severity, Verdict: verdict, Status: audit.Open,
		Scope: rules.Scope, Key: e.PaymentID, Region: e.Region,
		Amounts: amounts(e),
		Window:  audit.At(e.CreatedAt),
	}
}

func amounts(e record.Entry) []audit.Money {
	return []audit.Money{{Minor: e.Amount.Minor, Currency: e.Amount.Currency}}
}

func observed(rules Rules, e record.Entry, note string) audit.Evidence {
	return audit.Evidence{
		Source: "ledger " + rules.Scope, Region: e.Region, Ref: "row id " + e.ID, At: e.CreatedAt,
		Field: "status", Value: e.Status, Note: note,
	}
}

// absent says where a row was looked for and not found.
func absent(rules Rules, region audit.Region, e record.Entry, note string) audit.Evidence {
	return audit.Evidence{
		Source: "ledger " + rules.Scope, Region: region, Ref: "payment id " + e.PaymentID, Field: "payment_id", Value: "absent", Note: note,
	}
}

// Payments are the payments whose rows a finding rests on, to be read again before it is reported.
func Payments(f audit.Finding) []string {
	if f.Kind != audit.LedgerIDCollision {
		return []string{f.Key}
	}
	var ids []string
	for _, e := range f.Evidence {
		if e.Field == "payment_id" && e.Value != "absent" {
			ids = append(ids, e.Value)
		}
	}
	return ids
}
