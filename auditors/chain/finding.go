package chain

import (
	"fmt"
	"strings"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// doubleCharge is about all payments of one key; the money at stake is every one but the payment the key names now.
func (w *walk) doubleCharge(key string, entries []record.Entry) audit.Finding {
	kept := w.keys[key].payment
	if !names(entries, kept) {
		kept = entries[0].PaymentID // the key is unknown or names neither: the first charge stands
	}
	f := base(audit.ChainDoubleCharge, w.rules.Scope, key, audit.Critical)
	f.Rule = "one idempotency key, more than one charged payment"
	f.Window = audit.At(entries[len(entries)-1].CreatedAt)
	ids := make([]string, 0, len(entries))
	for _, e := range entries {
		ev := entryEvidence(w.rules.Scope, e, "charged")
		if e.PaymentID == kept {
			ev.Note = "charged; the payment that the idempotency key names now"
		} else {
			f.Amounts = append(f.Amounts, money(e))
			f.Region = e.OwnerRegion
			ev.Note = "charged; to be refunded"
		}
		ids = append(ids, e.PaymentID)
		f.Evidence = append(f.Evidence, ev)
	}
	f.Reason = fmt.Sprintf("One order was charged %d times: payments %s were all taken under idempotency key %s.",
		len(entries), strings.Join(ids, " and "), key)
	return f
}

func names(entries []record.Entry, payment string) bool {
	for _, e := range entries {
		if e.PaymentID == payment {
			return true
		}
	}
	return false
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
