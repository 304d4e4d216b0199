package audit

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"
)

// Verdict says how sure a finding is. The zero value is none of them and is refused by the store.
type Verdict string

// The verdicts. Proven needs no assumption about clocks; probable rests on one; undecidable
// means that the records allow two histories and only one of them is a fault.
const (
	Proven      Verdict = "proven"
	Probable    Verdict = "probable"
	Undecidable Verdict = "undecidable"
)

// Severity orders findings for the people who act on them.
type Severity string

// The severities: money is lost or taken twice; money may be affected; someone should look; for the record.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
)

// Status is where a finding stands in its life. An auditor proposes expected, overdue or open;
// the others are set by people or by the store.
type Status string

// The statuses.
const (
	Expected     Status = "expected"     // in flight, nothing is wrong yet
	Overdue      Status = "overdue"      // later than agreed, not yet counted as missing
	Open         Status = "open"         // a break
	Acknowledged Status = "acknowledged" // a person has seen it
	Resolved     Status = "resolved"     // a person has closed it
	Cleared      Status = "cleared"      // a later complete run no longer saw it
	Suppressed   Status = "suppressed"   // a rule says not to report it
)

// Money is an amount in minor units of one currency. It is the plain shape of money.Amount,
// repeated here because this package imports the standard library only.
type Money struct {
	Minor    int64  `json:"amount_minor"`
	Currency string `json:"currency"`
}

// Evidence is one observation behind a finding: where it was seen, and what differs.
type Evidence struct {
	Source string    `json:"source"`           // "ledger payments", "stream idempotency-keys", "file x.ipm"
	Region Region    `json:"region,omitempty"` // where it was read
	Ref    string    `json:"ref,omitempty"`    // shard and sequence number, row id, file line or record
	At     time.Time `json:"at,omitzero"`      // when it happened, by the record's own time
	Field  string    `json:"field,omitempty"`  // the field that differs, if one does
	Value  string    `json:"value,omitempty"`  // what this source says
	Note   string    `json:"note,omitempty"`   // a short remark for a person: "kept by the table"
}

// Fingerprint identifies one finding across runs: same input, same fingerprint.
type Fingerprint string

// Finding is one point where two views of a payment differ.
type Finding struct {
	Fingerprint Fingerprint `json:"fingerprint"`
	Kind        Kind        `json:"kind"`
	Severity    Severity    `json:"severity"`
	Verdict     Verdict     `json:"verdict"`
	Status      Status      `json:"status"`
	Scope       string      `json:"scope"`            // the configured table, ledger, bucket pair or feed it belongs to
	Key         string      `json:"key"`              // the business key: payment id, table key, object key, file name
	Region      Region      `json:"region,omitempty"` // where the loss is, if it is in one region
	Amounts     []Money     `json:"amounts,omitempty"`
	Window      Window      `json:"window"`         // when it happened, by the records' own times
	Shown       time.Time   `json:"shown,omitzero"` // when the last of the records that show it was written, where that is later than Window
	Reason      string      `json:"reason"`         // one sentence for a finance person
	Rule        string      `json:"rule"`           // the rule that decided
	Evidence    []Evidence  `json:"evidence"`
}

// Due is the time by which a finding belongs to a run: the run whose window holds it reports the finding, and may clear it.
func (f Finding) Due() Window {
	if f.Shown.IsZero() {
		return f.Window
	}
	return At(f.Shown)
}

// NewFingerprint hashes what makes a finding the same finding in a later run: its kind, its scope,
// its key and, where one key can hold several, what tells them apart. Times of detection are not part of it.
func NewFingerprint(kind Kind, scope, key string, apart ...string) Fingerprint {
	h := sha256.New()
	for _, part := range append([]string{string(kind), scope, key}, apart...) {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return Fingerprint(hex.EncodeToString(h.Sum(nil)[:16]))
}

// RepairWriteID is the write id under which a repair of a finding about a table's item is written: a later audit recognises
// by it, in the item's own history, that the finding was mended.
func RepairWriteID(fp Fingerprint) string { return "repair-" + string(fp) }

// Sort orders findings by kind, scope, key and fingerprint, the one order in which auditors return them.
func Sort(findings []Finding) {
	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Scope, b.Scope),
			cmp.Compare(a.Key, b.Key), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
}
