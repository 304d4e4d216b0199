package chain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// doubleCharge is about all charges of one key; the money at stake is every one but the first of the payment that the key
// names now.
func (w *walk) doubleCharge(key string, entries []record.Entry) audit.Finding {
	kept := slices.IndexFunc(entries, func(e record.Entry) bool { return e.PaymentID == w.keys[key].payment })
	note := NoteNamed
	if kept < 0 {
		kept, note = 0, NoteFirst // the key is unknown or names none of them
	}
	f := base(audit.ChainDoubleCharge, w.rules.Scope, key, audit.Critical)
	f.Rule = "one idempotency key, more than one charge"
	f.Window = audit.At(entries[len(entries)-1].CreatedAt)
	for i, e := range entries {
		ev := entryEvidence(w.rules.Scope, e, note)
		if i != kept {
			f.Amounts = append(f.Amounts, money(e))
			f.Region = e.OwnerRegion
			ev.Note = NoteRefund
		}
		f.Evidence = append(f.Evidence, ev)
	}
	f.Reason = chargeReason(key, entries)
	f.Evidence = append(f.Evidence, w.failoversBetween(entries)...)
	return f
}

// failoversBetween names the failovers before which some of the charges were taken, and others after it.
func (w *walk) failoversBetween(entries []record.Entry) []audit.Evidence {
	var out []audit.Evidence
	for _, o := range w.in.Failovers {
		before := entries[0].CreatedAt.Before(o.At)
		turned := o.Promoted
		if turned.IsZero() {
			turned = o.At
		}
		if !before || entries[len(entries)-1].CreatedAt.Before(turned) {
			continue
		}
		note := "unplanned failover between the charges"
		if o.Planned {
			note = "planned switchover between the charges"
		}
		out = append(out, audit.Evidence{
			Source: "failover " + o.Cluster, Region: o.To, Ref: fmt.Sprintf("from %s to %s", orNowhere(o.From), o.To), At: turned,
			Field: "promoted", Value: turned.UTC().Format(time.RFC3339), Note: note,
		})
	}
	return out
}

func orNowhere(r audit.Region) string {
	if r == "" {
		return "an unknown region"
	}
	return string(r)
}

// chargeReason says which payments were taken, and which of them were booked more than once.
func chargeReason(key string, entries []record.Entry) string {
	times := map[string]int{}
	var ids []string
	for _, e := range entries {
		if times[e.PaymentID]++; times[e.PaymentID] == 1 {
			ids = append(ids, e.PaymentID)
		}
	}
	if len(ids) == 1 {
		return fmt.Sprintf("Payment %s was booked %s under idempotency key %s: the ledger charges the order %d times.",
			ids[0], often(len(entries)), key, len(entries))
	}
	for i, id := range ids {
		if times[id] > 1 {
			ids[i] += " (booked " + often(times[id]) + ")"
		}
	}
	return fmt.Sprintf("One order was charged %d times: payments %s were all taken under idempotency key %s.",
		len(entries), strings.Join(ids, " and "), key)
}

func often(n int) string {
	if n == 2 {
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

func (w *walk) keyWithoutEntry(key string, k keyState) audit.Finding {
	f := base(audit.ChainKeyWithoutEntry, w.rules.Scope, key, audit.High)
	f.Region, f.Amounts, f.Window = k.region, k.amounts, audit.At(k.born)
	if !w.rules.KeysComplete {
		f.Verdict = audit.Probable // what the streams' gaps hide may have removed or renamed the key
	}
	f.Rule = fmt.Sprintf("key older than %s, its payment absent from the ledger in force", w.rules.Deadline)
	f.Reason = fmt.Sprintf("Idempotency key %s says that payment %s is %s, but the ledger in force has no such payment.", key, k.payment, orUnknown(k.status))
	f.Evidence = []audit.Evidence{
		{Source: "stream " + w.rules.Table, Region: k.region, Ref: "sequence " + k.seq, At: k.last, Field: "status", Value: k.status, Note: "the key's last record names payment " + k.payment},
		{Source: "ledger " + w.rules.Scope, Ref: "payment id " + k.payment, Field: "payment_id", Value: "absent"},
	}
	return f
}

func orUnknown(status string) string {
	if status == "" {
		return "accepted"
	}
	return status
}

func (w *walk) entryWithoutKey(e record.Entry) audit.Finding {
	f := base(audit.ChainEntryWithoutKey, w.rules.Scope, e.PaymentID, audit.High)
	f.Region, f.Amounts, f.Window = e.OwnerRegion, []audit.Money{money(e)}, audit.At(e.CreatedAt)
	f.Rule = "entry whose idempotency key was in neither region's stream"
	f.Reason = fmt.Sprintf("Payment %s is in the ledger, but its idempotency key %s was never accepted in any region: a repeat of it would be charged again.", e.PaymentID, e.IdempotencyKey)
	f.Evidence = []audit.Evidence{
		entryEvidence(w.rules.Scope, e, "the entry"),
		{Source: "stream " + w.rules.Table, Ref: "key " + e.IdempotencyKey, Field: "key", Value: "absent"},
	}
	return f
}

// brokenChain takes over the evidence of the findings that name the missing links.
func (w *walk) brokenChain(e record.Entry, missing []audit.Finding) audit.Finding {
	f := base(audit.ChainBroken, w.rules.Scope, e.PaymentID, audit.High)
	f.Region, f.Amounts, f.Window = e.OwnerRegion, []audit.Money{money(e)}, audit.At(e.CreatedAt)
	f.Rule = "key -> ledger -> receipt -> settlement, every link present"
	f.Evidence = []audit.Evidence{entryEvidence(w.rules.Scope, e, "the entry")}
	links := make([]string, 0, len(missing))
	for _, m := range missing {
		link := "receipt"
		if m.Kind == audit.SettlementMissingInNetwork {
			link = "settlement"
		}
		links = append(links, link)
		f.Evidence = append(f.Evidence, audit.Evidence{
			Source: string(m.Kind), Ref: "finding " + string(m.Fingerprint), Field: link, Value: "absent", Note: m.Reason,
		})
	}
	f.Reason = fmt.Sprintf("Payment %s is in the ledger, but its chain breaks at %s.", e.PaymentID, strings.Join(links, " and "))
	return f
}

func base(kind audit.Kind, scope, key string, severity audit.Severity) audit.Finding {
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(kind, scope, key),
		Kind:        kind, Severity: severity, Verdict: audit.Proven, Status: audit.Open,
		Scope: scope, Key: key,
	}
}

func money(e record.Entry) audit.Money {
	return audit.Money{Minor: e.Amount.Minor, Currency: e.Amount.Currency}
}

func entryEvidence(scope string, e record.Entry, note string) audit.Evidence {
	return audit.Evidence{
		Source: "ledger " + scope, Region: e.Region, Ref: "row id " + e.ID, At: e.CreatedAt,
		Field: "payment_id", Value: e.PaymentID, Note: note,
	}
}
