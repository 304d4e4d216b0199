package chain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parallax/internal/audit"
	sums "parallax/internal/money"
)

// maxAlike is how many keys of one region, cause and day are reported one by one: a wrong setting hits every key.
const maxAlike = 20

// examples is how many of them a common finding shows.
const examples = 5

// reportShort reports each key by itself, or many of one region, cause and day as one. Keys under which money was taken again
// are always reported by themselves.
func (w *walk) reportShort(all []shortLife) {
	type group struct {
		region audit.Region
		cause  cause
		day    string
	}
	groups := map[group][]shortLife{}
	var order []group
	for _, l := range all {
		if len(l.again) > 0 {
			w.out.Findings = append(w.out.Findings, w.shortFinding(l))
			continue
		}
		g := group{l.region, l.cause, l.born.UTC().Format(time.DateOnly)}
		if groups[g] == nil {
			order = append(order, g)
		}
		groups[g] = append(groups[g], l)
	}
	for _, g := range order {
		if alike := groups[g]; len(alike) > maxAlike {
			w.out.Findings = append(w.out.Findings, w.manyShort(g.day, alike))
			continue
		}
		for _, l := range groups[g] {
			w.out.Findings = append(w.out.Findings, w.shortFinding(l))
		}
	}
}

func (w *walk) shortFinding(l shortLife) audit.Finding {
	f := w.shortBase(l, l.key, string(l.cause))
	if l.amount.Currency != "" {
		f.Amounts = []audit.Money{l.amount}
	}
	f.Reason = fmt.Sprintf("Idempotency key %s %s %s after it was accepted, before the %s it must be kept: a later repeat of the payment would be charged again.",
		l.key, l.verb(), span(l.until.Sub(l.born)), span(w.rules.Keep))
	f.Evidence = []audit.Evidence{w.lifeEvidence(l)}
	if len(l.again) > 0 {
		f.Severity = audit.High
		f.Reason = fmt.Sprintf("Idempotency key %s %s %s after it was accepted, before the %s it must be kept, and a repeat of the payment was charged again.",
			l.key, l.verb(), span(l.until.Sub(l.born)), span(w.rules.Keep))
		for _, e := range l.again {
			f.Evidence = append(f.Evidence, entryEvidence(w.rules.Scope, e, "charged after the key was gone"))
		}
	}
	return f
}

// manyShort is one finding for all keys of one region, cause and day.
func (w *walk) manyShort(day string, alike []shortLife) audit.Finding {
	first := alike[0]
	f := w.shortBase(first, fmt.Sprintf("%s/%s/%s/%s", w.rules.Table, first.region, first.cause, day), "many")
	var amounts []audit.Money
	shortest := first.until.Sub(first.born)
	for i, l := range alike {
		amounts = append(amounts, l.amount)
		shortest = min(shortest, l.until.Sub(l.born))
		if i < examples {
			f.Evidence = append(f.Evidence, w.lifeEvidence(l))
		}
	}
	f.Evidence = append(f.Evidence, audit.Evidence{
		Source: "this run", Field: "not listed", Value: strconv.Itoa(len(alike) - examples), Note: "further keys are counted in the amounts and not listed",
	})
	f.Amounts = perCurrency(amounts)
	f.Reason = fmt.Sprintf("%d idempotency keys of %s in %s are not kept for %s (%s, the shortest %s): later repeats of their payments would be charged again.",
		len(alike), day, first.region, span(w.rules.Keep), first.cause, span(shortest))
	return f
}

func (w *walk) shortBase(l shortLife, key, apart string) audit.Finding {
	f := audit.Finding{
		Fingerprint: audit.NewFingerprint(audit.ChainKeyRetention, w.rules.Table, key, apart),
		Kind:        audit.ChainKeyRetention, Severity: audit.Medium, Verdict: audit.Proven, Status: audit.Open,
		Scope: w.rules.Table, Key: key, Region: l.region, Window: audit.At(l.born),
		Rule: fmt.Sprintf("a key is kept for %s from its acceptance on", span(w.rules.Keep)),
	}
	if l.shown.After(l.born) {
		f.Shown = l.shown
	}
	if !w.rules.KeysComplete {
		f.Verdict = audit.Probable // what the streams' gaps hide may have extended or restored the key
	}
	return f
}

// span is a duration without the minutes and seconds it has not got: 24h, 1h30m.
func span(d time.Duration) string {
	text := d.Truncate(time.Second).String()
	if short, cut := strings.CutSuffix(text, "m0s"); cut {
		text = short + "m"
	}
	if short, cut := strings.CutSuffix(text, "h0m"); cut {
		text = short + "h"
	}
	return text
}

func (l shortLife) verb() string {
	switch l.cause {
	case expiresEarly:
		return "expires"
	case expired:
		return "was removed by its time to live"
	default:
		return "was deleted"
	}
}

func (w *walk) lifeEvidence(l shortLife) audit.Evidence {
	field := "removed"
	if l.cause == expiresEarly {
		field = w.rules.TTL
	}
	at := l.born
	if l.shown.After(at) {
		at = l.shown
	}
	return audit.Evidence{
		Source: "stream " + w.rules.Table, Region: l.region, Ref: "key " + l.key + ", sequence " + l.seq, At: at, Field: field,
		Value: l.until.UTC().Format(time.RFC3339), Note: "accepted at " + l.born.UTC().Format(time.RFC3339) + paymentNote(l.payment),
	}
}

func paymentNote(payment string) string {
	if payment == "" {
		return ""
	}
	return " for payment " + payment
}

// perCurrency adds amounts up by currency, in the order of the currencies. A sum that does not fit in 64 bits starts another
// item of the same currency, so that no money is hidden.
func perCurrency(amounts []audit.Money) []audit.Money {
	var out []audit.Money
	for _, a := range amounts {
		if a.Currency == "" {
			continue
		}
		i := slices.IndexFunc(out, func(m audit.Money) bool {
			_, err := sums.Amount(m).Add(sums.Amount(a))
			return err == nil
		})
		if i < 0 {
			out = append(out, a)
			continue
		}
		out[i].Minor += a.Minor
	}
	slices.SortStableFunc(out, func(a, b audit.Money) int {
		if a.Currency < b.Currency {
			return -1
		}
		if a.Currency > b.Currency {
			return 1
		}
		return 0
	})
	return out
}
