package receipt

import (
	"fmt"
	"strconv"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// difference is what two live copies disagree about.
type difference string

const (
	sizeDiffers    difference = "size"
	contentDiffers difference = "etag"
	versionDiffers difference = "version_id"
)

func missingReceipt(rules Rules, e record.Entry, scanned [2]time.Time) audit.Finding {
	f := base(rules, audit.ReceiptMissing, e.PaymentID, audit.High, audit.Proven, e.CreatedAt)
	f.Amounts = []audit.Money{{Minor: e.Amount.Minor, Currency: e.Amount.Currency}}
	f.Rule = "charged in the ledger, no live receipt in either region"
	f.Reason = fmt.Sprintf("Payment %s was charged, and neither region holds a receipt for it.", e.PaymentID)
	f.Evidence = []audit.Evidence{{
		Source: "ledger", Region: e.Region, Ref: "payment id " + e.PaymentID, At: e.CreatedAt,
		Field: "status", Value: e.Status, Note: "the ledger says it was charged",
	}}
	for i, region := range rules.Regions {
		f.Evidence = append(f.Evidence, absentEvidence(rules, region, e.PaymentID, scanned[i]))
	}
	return f
}

func orphanReceipt(rules Rules, p pair, o record.Object) audit.Finding {
	f := base(rules, audit.ReceiptOrphan, p.key, audit.High, audit.Proven, o.LastModified)
	f.Region = o.Region
	f.Rule = "a live receipt, no ledger entry with its payment id"
	f.Reason = fmt.Sprintf("There is a receipt for payment %s, and the ledger in force does not know that payment.", p.payment)
	f.Evidence = append(p.observed(rules), audit.Evidence{
		Source: "ledger", Ref: "payment id " + p.payment, Field: "payment_id", Value: "absent",
		Note: "no entry of any status, though the ledger was read around the time of the receipt",
	})
	return f
}

func replicationFailed(rules Rules, p pair, side int, o record.Object) audit.Finding {
	f := base(rules, audit.ReceiptReplicationFailed, p.key, audit.High, audit.Proven, o.LastModified)
	f.Region = rules.Regions[1-side]
	f.Rule = "replication status FAILED"
	f.Reason = fmt.Sprintf("The receipt of payment %s could not be copied from %s to %s, and S3 has given up trying.",
		p.payment, o.Region, f.Region)
	f.Evidence = statusEvidence(rules, o)
	return f
}

func notReplicated(rules Rules, p pair, side int, o record.Object, absent bool, seen time.Time) audit.Finding {
	verdict := audit.Probable
	if absent && o.ReplicationStatus == pending {
		verdict = audit.Proven
	}
	f := base(rules, audit.ReceiptNotReplicated, p.key, audit.Medium, verdict, o.LastModified)
	f.Region = rules.Regions[1-side]
	f.Rule = fmt.Sprintf("in one region only for longer than the grace of %s", rules.Grace)
	f.Evidence = statusEvidence(rules, o)
	if absent {
		f.Evidence = append(f.Evidence, absentEvidence(rules, f.Region, p.key, seen))
	}
	switch o.ReplicationStatus {
	case replica:
		f.Reason = fmt.Sprintf("The receipt of payment %s is a copy in %s whose original in %s is gone.", p.payment, o.Region, f.Region)
	case completed, "COMPLETE":
		f.Reason = fmt.Sprintf("The receipt of payment %s was copied from %s to %s, as S3 says, and is not there.", p.payment, o.Region, f.Region)
	default:
		f.Reason = fmt.Sprintf("The receipt of payment %s is in %s and had not reached %s %s after it was written.",
			p.payment, o.Region, f.Region, seen.Sub(o.LastModified).Truncate(time.Second))
	}
	return f
}

func deleteDiverged(rules Rules, p pair, side int, marker, live record.Object) audit.Finding {
	f := base(rules, audit.ReceiptDeleteDiverged, p.key, audit.High, audit.Proven, live.LastModified)
	f.Region = marker.Region
	f.Rule = "latest version is a delete marker in one region, live in the other"
	f.Reason = fmt.Sprintf("The receipt of payment %s was deleted in %s and is still there in %s.", p.payment, marker.Region, rules.Regions[1-side])
	f.Evidence = p.observed(rules)
	return f
}

func mismatch(rules Rules, p pair, a, b record.Object, what difference) audit.Finding {
	verdict := audit.Proven
	if what == contentDiffers {
		verdict = etagVerdict(a, b)
	}
	f := base(rules, audit.ReceiptMismatch, p.key, audit.High, verdict, later(a.LastModified, b.LastModified))
	f.Region = copyRegion(a, b)
	f.Rule = "same receipt, different " + string(what)
	left, right := field(a, what), field(b, what)
	f.Reason = fmt.Sprintf("The receipt of payment %s differs between %s and %s: %s %s against %s.",
		p.payment, a.Region, b.Region, inWords(what), left, right)
	f.Evidence = compared(rules, a, b, string(what), left, right)
	return f
}

func storageDrift(rules Rules, p pair, a, b record.Object) audit.Finding {
	f := base(rules, audit.ReceiptStorageDrift, p.key, audit.Low, audit.Proven, a.LastModified)
	f.Region = copyRegion(a, b)
	f.Rule = "same receipt, different storage class"
	f.Reason = fmt.Sprintf("The receipt of payment %s is kept as %s in %s and as %s in %s; one of them may be slower or dearer to read.",
		p.payment, a.StorageClass, a.Region, b.StorageClass, b.Region)
	f.Evidence = compared(rules, a, b, "storage_class", a.StorageClass, b.StorageClass)
	return f
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

func field(o record.Object, what difference) string {
	switch what {
	case sizeDiffers:
		return strconv.FormatInt(o.Size, 10)
	case contentDiffers:
		return o.ETag
	default:
		return o.VersionID
	}
}

func inWords(what difference) string {
	switch what {
	case sizeDiffers:
		return "size in bytes"
	case contentDiffers:
		return "content checksum"
	default:
		return "current version"
	}
}

// observed is the current version of each side, where there is one.
func (p pair) observed(rules Rules) []audit.Evidence {
	var out []audit.Evidence
	for i := range p.sides {
		o := p.latest(i)
		if o == nil {
			continue
		}
		value := "live"
		if o.DeleteMarker {
			value = "delete marker"
		}
		out = append(out, evidence(rules, *o, "latest", value))
	}
	return out
}

func compared(rules Rules, a, b record.Object, name, left, right string) []audit.Evidence {
	return []audit.Evidence{evidence(rules, a, name, left), evidence(rules, b, name, right)}
}

func statusEvidence(rules Rules, o record.Object) []audit.Evidence {
	status := o.ReplicationStatus
	if status == "" {
		status = "none"
	}
	return []audit.Evidence{evidence(rules, o, "replication_status", status)}
}

func evidence(rules Rules, o record.Object, name, value string) audit.Evidence {
	version := o.VersionID
	if version == "" {
		version = "null"
	}
	note := "inventory of " + o.SeenAt.UTC().Format(time.RFC3339)
	if o.Live {
		note = "live answer of " + o.SeenAt.UTC().Format(time.RFC3339)
	}
	return audit.Evidence{
		Source: "receipts " + rules.Scope, Region: o.Region, Ref: o.Bucket + "/" + o.Key + " version " + version,
		At: o.LastModified, Field: name, Value: value, Note: note,
	}
}

func absentEvidence(rules Rules, region audit.Region, what string, seen time.Time) audit.Evidence {
	return audit.Evidence{
		Source: "receipts " + rules.Scope, Region: region, Ref: what, Field: "key", Value: "absent",
		Note: "not in the list of " + seen.UTC().Format(time.RFC3339),
	}
}
