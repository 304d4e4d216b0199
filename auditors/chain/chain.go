// Package chain follows each payment along idempotency key, ledger entry, receipt and settlement line, and names the
// link that is broken.
//
// It joins what the other auditors read; whether a receipt or a settlement line is missing is their word, taken over
// as it is, so that no rule is written twice.
package chain

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"parallax/internal/audit"
	"parallax/internal/record"
)

// Rules say how keys and entries are read.
type Rules struct {
	Scope        string // the configured ledger
	Table        string // the configured table of idempotency keys
	Charged      []string
	Refused      []string
	Refunded     []string      // of Charged: the money has gone back since, so that it is no second charge any more
	Deadline     time.Duration // a key and its entry must both exist after this long
	PaymentID    string        // attribute names of the keys
	AmountMinor  string
	Currency     string
	Status       string
	Origin       string
	TTL          string
	Keep         time.Duration // how long a key must be kept; zero asks for nothing
	KeysComplete bool          // both regions' streams were read without a gap: only then is a key that was not seen missing
	KeysFrom     time.Time     // from when on the streams of both regions were read; what was written before is not known
}

// Input is what was read over one window and some time around it.
type Input struct {
	Window   audit.Window
	AsOf     time.Time
	Keys     []record.Change // the whole history of the table in both regions, as far as it was read
	Entries  []record.Entry  // the ledger in force
	Snapshot []record.Entry  // the old primary's, if there is one
	Receipts []audit.Finding // what the receipts job says of the same window
	Settled  []audit.Finding // what the settlement job says of the same window

	Failovers []audit.Failover // those known; they only explain findings

	// What the same two say of single payments, for Follow.
	ReceiptOf, SettledOf Outside
}

// Auditor applies Rules.
type Auditor struct{ Rules Rules }

// Audit returns chain.double_charge, chain.key_without_entry, chain.entry_without_key, chain.broken and chain.key_retention
// findings.
func (a Auditor) Audit(in Input) audit.Judgement {
	w := walk{rules: a.Rules, in: in, keys: keysOf(a.Rules, in.Keys)}
	w.entries, w.snapshot = lastOfEach(in.Entries), lastOfEach(in.Snapshot)
	w.doubleCharges()
	w.keysWithoutEntry()
	w.entriesWithoutKey()
	w.broken()
	w.shortLived()
	audit.Sort(w.out.Findings)
	return w.out
}

type walk struct {
	rules    Rules
	in       Input
	keys     map[string]keyState
	entries  map[string]record.Entry // the ledger in force, by payment id
	snapshot map[string]record.Entry
	taken    map[string][]record.Entry
	out      audit.Judgement
}

func lastOfEach(rows []record.Entry) map[string]record.Entry {
	out := make(map[string]record.Entry, len(rows))
	for _, e := range rows {
		out[e.PaymentID] = e
	}
	return out
}

func (r Rules) charged(status string) bool { return slices.Contains(r.Charged, status) }
func (r Rules) refused(status string) bool { return slices.Contains(r.Refused, status) }

func (w *walk) due(t time.Time) bool { return w.in.AsOf.Sub(t) >= w.rules.Deadline }

func (w *walk) report(f audit.Finding) {
	if w.in.Window.Covers(f.Due()) {
		w.out.Findings = append(w.out.Findings, f)
	}
}

// doubleCharges finds idempotency keys under which money was taken more than once, in the ledger in force or in the
// restored snapshot: a charge that the failover lost from the ledger was taken all the same. A payment that both hold is
// one charge, a payment that one of them holds in two rows is two.
func (w *walk) doubleCharges() {
	for key, entries := range w.charges() {
		if len(entries) > 1 {
			w.report(w.doubleCharge(key, entries))
		}
	}
}

// charges are the charged rows of each key, in order of time.
func (w *walk) charges() map[string][]record.Entry {
	if w.taken != nil {
		return w.taken
	}
	inForce := w.chargedRows(w.in.Entries)
	booked := maps.Clone(inForce)
	for payment, rows := range w.chargedRows(w.in.Snapshot) {
		if len(rows) > len(booked[payment]) {
			booked[payment] = rows
		}
	}
	w.taken = map[string][]record.Entry{}
	for payment, rows := range booked {
		for _, e := range rows {
			if slices.Contains(w.rules.Refunded, statusNow(e, inForce[payment])) {
				continue
			}
			w.taken[e.IdempotencyKey] = append(w.taken[e.IdempotencyKey], e)
		}
	}
	for _, entries := range w.taken {
		slices.SortFunc(entries, func(a, b record.Entry) int {
			return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.PaymentID, b.PaymentID), cmp.Compare(a.ID, b.ID))
		})
	}
	return w.taken
}

// statusNow is a row's status in the ledger in force, or its own where that has no such row.
func statusNow(e record.Entry, inForce []record.Entry) string {
	for _, now := range inForce {
		if e.ID != "" && now.ID == e.ID || now.CreatedAt.Equal(e.CreatedAt) {
			return now.Status
		}
	}
	return e.Status
}

// chargedRows are one ledger's charged rows with a key, by payment id. A row that was read twice, as its id tells, counts
// once.
func (w *walk) chargedRows(ledger []record.Entry) map[string][]record.Entry {
	rows := map[string][]record.Entry{}
	for _, e := range ledger {
		again := func(o record.Entry) bool { return sameRow(o, e) }
		if e.IdempotencyKey != "" && w.rules.charged(e.Status) && !slices.ContainsFunc(rows[e.PaymentID], again) {
			rows[e.PaymentID] = append(rows[e.PaymentID], e)
		}
	}
	return rows
}

// sameRow reports whether two rows of one payment are one. The regions of a sharded ledger count their rows each for itself;
// several old primaries hold the same rows.
func sameRow(a, b record.Entry) bool {
	return a.ID != "" && a.ID == b.ID && (a.Region == b.Region || a.Witness == record.Snapshot)
}

func (w *walk) keysWithoutEntry() {
	for key, k := range w.keys {
		if !k.exists || k.payment == "" || w.rules.refused(k.status) {
			continue
		}
		if _, found := w.entries[k.payment]; found {
			w.out.Matched++
			continue
		}
		if w.due(k.born) {
			w.report(w.keyWithoutEntry(key, k))
		}
	}
}

func (w *walk) entriesWithoutKey() {
	if !w.rules.KeysComplete {
		return
	}
	var older int64
	reported := map[string]bool{}
	for _, e := range w.in.Entries {
		_, found := w.keys[e.IdempotencyKey]
		if found || e.IdempotencyKey == "" || reported[e.PaymentID] || !w.due(e.CreatedAt) || !w.in.Window.Holds(e.CreatedAt) {
			continue
		}
		if e.CreatedAt.Add(-w.rules.Deadline).Before(w.rules.KeysFrom) {
			older++
			continue
		}
		reported[e.PaymentID] = true
		w.report(w.entryWithoutKey(e))
	}
	if older > 0 {
		w.out.Excluded = append(w.out.Excluded, audit.Exclusion{Reason: "entry whose key may be older than the archive", Records: older})
	}
}

// broken names, per payment, every link after the ledger entry that is missing for good.
func (w *walk) broken() {
	links := map[string][]audit.Finding{}
	var order []string
	for _, f := range slices.Concat(w.in.Receipts, w.in.Settled) {
		missing := f.Kind == audit.ReceiptMissing || f.Kind == audit.SettlementMissingInNetwork
		if !missing || f.Status != audit.Open {
			continue
		}
		if len(links[f.Key]) == 0 {
			order = append(order, f.Key)
		}
		links[f.Key] = append(links[f.Key], f)
	}
	for _, payment := range order {
		if e, found := w.entries[payment]; found {
			w.report(w.brokenChain(e, links[payment]))
		}
	}
}
