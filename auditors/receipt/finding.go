package receipt

import (
	"fmt"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

func missingReceipt(rules Rules, e record.Entry, l look, key string) audit.Finding {
	f := base(rules, audit.ReceiptMissing, e.PaymentID, audit.High, audit.Proven, e.CreatedAt)
	f.Amounts = []audit.Money{{Minor: e.Amount.Minor, Currency: e.Amount.Currency}}
	f.Rule = "charged in the ledger, no live receipt in either region"
	f.Reason = fmt.Sprintf("Payment %s was charged, and neither region holds a receipt for it.", e.PaymentID)
	f.Evidence = []audit.Evidence{{
		Source: "ledger", Region: e.Region, Ref: "payment id " + e.PaymentID, At: e.CreatedAt,
		Field: "status", Value: e.Status, Note: "the ledger says it was charged",
	}}
	for i, region := range rules.Regions {
		ref := e.PaymentID
		if l.live {
			ref = key
		}
		f.Evidence = append(f.Evidence, absentEvidence(rules, region, ref, l.notes[i]))
	}
	return f
}

func orphanReceipt(rules Rules, key string, s stranger) audit.Finding {
	o := s.live()
	f := base(rules, audit.ReceiptOrphan, key, audit.High, audit.Proven, o.LastModified)
	if s.sides[0] == nil || s.sides[1] == nil {
		f.Region = o.Region
	}
	f.Rule = "a live receipt, no ledger entry with its payment id"
	f.Reason = fmt.Sprintf("There is a receipt for payment %s, and the ledger in force does not know that payment.", s.payment)
	for _, o := range s.sides {
		if o != nil {
			f.Evidence = append(f.Evidence, evidence(rules, *o, "latest", "live"))
		}
	}
	f.Evidence = append(f.Evidence, audit.Evidence{
		Source: "ledger", Ref: "payment id " + s.payment, Field: "payment_id", Value: "absent",
		Note: "no entry of any status, though the ledger was read around the time of the receipt",
	})
	return f
}

func replicationFailed(rules Rules, p pair, side int, o record.Object, c cover) audit.Finding {
	f := base(rules, audit.ReceiptReplicationFailed, p.key, audit.High, audit.Proven, o.LastModified)
	f.Region = rules.Regions[1-side]
	f.Rule = "replication status FAILED"
	f.Reason = fmt.Sprintf("The receipt of payment %s could not be copied from %s to %s, and S3 has given up trying.",
		p.payment, o.Region, f.Region)
	f.Evidence = statusEvidence(rules, o)
	if !p.whole[1-side] || c.several {
		f.Verdict = audit.Probable // by other means it may be there, or the failure may be another bucket's
	} else {
		f.Evidence = append(f.Evidence, absentEvidence(rules, f.Region, p.key, p.note(1-side)))
	}
	return f
}

// notReplicated is a version that the other side lacks. That S3 says it was copied, or that it is a copy itself, is the silent
// case: nothing but a comparison shows it. Two inventories alone do not prove it: where the other side was listed earlier, the copy
// may have come late, and where later, both may have been deleted since.
func notReplicated(rules Rules, p pair, side int, o record.Object, c cover) audit.Finding {
	f := base(rules, audit.ReceiptNotReplicated, p.key, audit.High, audit.Probable, o.LastModified)
	f.Region = rules.Regions[1-side]
	f.Rule = fmt.Sprintf("in one region only for longer than the grace of %s", rules.Grace)
	f.Evidence = statusEvidence(rules, o)
	if p.whole[1-side] {
		f.Evidence = append(f.Evidence, absentEvidence(rules, f.Region, p.key, p.note(1-side)))
	}
	switch o.ReplicationStatus {
	case replica:
		f.Reason = fmt.Sprintf("The receipt of payment %s is a copy in %s whose original in %s is gone", p.payment, o.Region, f.Region)
	case completed:
		f.Reason = fmt.Sprintf("The receipt of payment %s was copied from %s to %s, as S3 says, and is not there", p.payment, o.Region, f.Region)
	default:
		f.Severity = audit.Medium
		f.Reason = fmt.Sprintf("The receipt of payment %s is in %s and had not reached %s %s after it was written",
			p.payment, o.Region, f.Region, days(p.waited(o)))
	}
	switch o.ReplicationStatus {
	case pending:
		f.Verdict = verdict(p.whole[1-side])
	case replica: // of a third bucket, perhaps, whose copies S3 does not replicate on
		f.Verdict = audit.Probable
		f.Reason += ", or was never there, if it was copied from a third bucket."
		return f
	case completed: // the rule has done its work, on or off
		f.Verdict = verdict(p.asked && c.known && !c.several)
		f.Reason += "."
		return f
	}
	f.Reason += c.switchedOff() + "."
	f.Evidence = append(f.Evidence, c.evidence(rules, side)...)
	return f
}

func deleteDiverged(rules Rules, p pair, side int, marker, live record.Object, c cover) audit.Finding {
	f := base(rules, audit.ReceiptDeleteDiverged, p.key, audit.High, verdict(c.known && !c.idle), live.LastModified)
	f.Region = marker.Region
	f.Rule = "latest version is a delete marker in one region, live in the other"
	f.Reason = fmt.Sprintf("The receipt of payment %s was deleted in %s and is still there in %s", p.payment, marker.Region, rules.Regions[1-side])
	f.Evidence = p.observed(rules)
	if marker.ReplicationStatus != replica {
		f.Reason += c.switchedOff()
		f.Evidence = append(f.Evidence, c.evidence(rules, side)...)
	}
	if c.idle {
		f.Reason += "; the rule that should have copied the delete has copied nothing so old, and may be younger"
	}
	f.Reason += "."
	return f
}

func mismatch(rules Rules, p pair, a, b record.Object, what likeness) audit.Finding {
	f := base(rules, audit.ReceiptMismatch, p.key, audit.High, audit.Proven, later(a.LastModified, b.LastModified))
	f.Region = copyRegion(a, b)
	f.Rule = "same receipt, different " + string(what)
	left, right := field(a, what), field(b, what)
	f.Reason = fmt.Sprintf("The receipt of payment %s differs between %s and %s: %s %s against %s.",
		p.payment, a.Region, b.Region, inWords(what), left, right)
	f.Evidence = compared(rules, a, b, string(what), left, right)
	return f
}

// oldMismatch is a version that is no longer current. To mend it is nobody's business but its owner's: a copy of it would become
// the current one.
func oldMismatch(rules Rules, p pair, a, b record.Object, what likeness) audit.Finding {
	f := mismatch(rules, p, a, b, what)
	f.Region, f.Severity = "", audit.Medium
	f.Rule = "same replaced version, different " + string(what)
	f.Reason = fmt.Sprintf("A replaced version of the receipt of payment %s differs between %s and %s: %s %s against %s.",
		p.payment, a.Region, b.Region, inWords(what), field(a, what), field(b, what))
	return f
}

func classesDiffer(rules Rules, p pair, a, b record.Object) audit.Finding {
	f := base(rules, audit.ReceiptStorageDrift, p.key, audit.Low, audit.Proven, a.LastModified)
	f.Region = copyRegion(a, b)
	f.Rule = "same receipt, different storage class"
	f.Reason = fmt.Sprintf("The receipt of payment %s is kept as %s in %s and as %s in %s; one of them may be slower or dearer to read.",
		p.payment, a.StorageClass, a.Region, b.StorageClass, b.Region)
	f.Evidence = compared(rules, a, b, "storage_class", a.StorageClass, b.StorageClass)
	return f
}

// storageDrift is a receipt that breaks the declared policy, on one side or both.
func storageDrift(rules Rules, key, payment string, sides [2]*record.Object) audit.Finding {
	first := sides[0]
	if first == nil {
		first = sides[1]
	}
	age := first.SeenAt.Sub(first.LastModified)
	wants := rules.wanted(age)
	f := base(rules, audit.ReceiptStorageDrift, key, audit.Low, audit.Proven, first.LastModified)
	where := string(first.Region)
	if sides[0] != nil && sides[1] != nil {
		where = fmt.Sprintf("%s and as %s in %s", sides[0].Region, sides[1].StorageClass, sides[1].Region)
	} else {
		f.Region = first.Region
	}
	f.Rule = "declared policy: " + wants.Class
	if wants.After > 0 {
		f.Rule += fmt.Sprintf(" from %s on, within %s", days(wants.After), days(rules.Slack))
	}
	f.Reason = fmt.Sprintf("The receipt of payment %s is kept as %s in %s at an age of %s, where the declared policy wants %s.",
		payment, first.StorageClass, where, days(age), wants.Class)
	for _, o := range sides {
		if o != nil {
			f.Evidence = append(f.Evidence, evidence(rules, *o, "storage_class", o.StorageClass))
		}
	}
	return f
}

// days is an age or delay in whole days, or as it is below two.
func days(d time.Duration) string {
	if d < 48*time.Hour {
		return d.Truncate(time.Second).String()
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

func verdict(sure bool) audit.Verdict {
	if sure {
		return audit.Proven
	}
	return audit.Probable
}

func base(rules Rules, kind audit.Kind, key string, severity audit.Severity, verdict audit.Verdict, at time.Time) audit.Finding {
	return audit.Finding{
		Fingerprint: audit.NewFingerprint(kind, rules.Scope, key),
		Kind:        kind, Severity: severity, Verdict: verdict, Status: audit.Open,
		Scope: rules.Scope, Key: key, Window: audit.At(at),
	}
}

// copyRegion is where the copy lies, if one of the two says that it is one.
func copyRegion(a, b record.Object) audit.Region {
	switch {
	case a.ReplicationStatus == replica && b.ReplicationStatus != replica:
		return a.Region
	case b.ReplicationStatus == replica && a.ReplicationStatus != replica:
		return b.Region
	default:
		return ""
	}
}
