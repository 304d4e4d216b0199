package sift

import (
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"slices"

	"parallax/internal/record"
	"parallax/reconcile"
)

// keyer hashes everything by which the judge may bring two rows together: the keys of the tiers that pair, and what refunds,
// chargebacks and copies find their payment by. One key too many costs a little time; one too few would break the law. What
// only looks at rows that nothing has paired (suggestions, lists of payment ids, batches) needs none.
//
// All single identifiers share one space, whatever column they stand in: a line may name a payment's reference as its original,
// for instance.
type keyer struct {
	seed  maphash.Seed
	tiers []keyTier
	buf   []byte
	out   []uint64
}

// keyTier is a key of several columns, or of a column that is no identifier.
type keyTier struct {
	entry []func(*record.Entry) string
	line  []func(*record.SettlementLine) string
}

func newKeyer(seed maphash.Seed, rules reconcile.Rules) *keyer {
	k := &keyer{seed: seed}
	tiers := rules.Tiers
	if tiers == nil {
		tiers = reconcile.DefaultTiers()
	}
	for _, t := range tiers {
		if t.Sure == reconcile.Suggest || covered(t) {
			continue
		}
		var kt keyTier
		for _, f := range t.Key {
			kt.entry = append(kt.entry, reconcile.EntryField(f.Ledger))
			kt.line = append(kt.line, reconcile.LineField(cmp.Or(f.Line, f.Ledger)))
		}
		k.tiers = append(k.tiers, kt)
	}
	return k
}

// covered reports whether rows with an equal key in a tier have an equal key without it: identifiers, and keys that rrn and
// authorisation code are a part of.
func covered(t reconcile.Tier) bool {
	rrn, auth := false, false
	for _, f := range t.Key {
		same := f.Line == "" || f.Line == f.Ledger
		rrn, auth = rrn || same && f.Ledger == "rrn", auth || same && f.Ledger == "auth_code"
		if identifies(f) {
			return true
		}
	}
	return rrn && auth
}

func identifies(f reconcile.Field) bool {
	entries, lines := []string{"payment_id", "idempotency_key", "reference", "arn"}, []string{"payment_id", "reference", "arn"}
	return slices.Contains(entries, f.Ledger) && slices.Contains(lines, cmp.Or(f.Line, f.Ledger))
}

// entry returns the hashes of a ledger row's keys. The slice is used again by the next call.
func (k *keyer) entry(e *record.Entry) []uint64 {
	k.out = k.out[:0]
	k.ids(e.PaymentID, e.IdempotencyKey, e.NetworkReference, e.Extra["arn"])
	k.pair(e.RRN, e.AuthCode)
	for i := range k.tiers {
		k.joined(i, len(k.tiers[i].entry), func(f int) string { return k.tiers[i].entry[f](e) })
	}
	return k.out
}

// line returns the hashes of a line's keys.
func (k *keyer) line(l *record.SettlementLine) []uint64 {
	k.out = k.out[:0]
	k.ids(l.PaymentID, l.Reference, l.Original, l.ARN)
	k.pair(l.RRN, l.AuthCode)
	for i := range k.tiers {
		k.joined(i, len(k.tiers[i].line), func(f int) string { return k.tiers[i].line[f](l) })
	}
	return k.out
}

func (k *keyer) ids(ids ...string) {
	for _, id := range ids {
		if id != "" {
			k.add(maphash.String(k.seed, id))
		}
	}
}

func (k *keyer) pair(rrn, auth string) {
	if rrn != "" && auth != "" {
		k.buf = append(append(append(k.buf[:0], 0, 'r'), rrn...), 0)
		k.add(maphash.Bytes(k.seed, append(k.buf, auth...)))
	}
}

func (k *keyer) joined(tier, fields int, field func(int) string) {
	k.buf = binary.AppendUvarint(append(k.buf[:0], 0, 't'), uint64(tier)) //nolint:gosec // a handful
	for f := range fields {
		text := field(f)
		if text == "" {
			return
		}
		k.buf = append(binary.AppendUvarint(k.buf, uint64(len(text))), text...)
	}
	k.add(maphash.Bytes(k.seed, k.buf))
}

// add notes a hash once. Zero stands for none.
func (k *keyer) add(h uint64) {
	h = max(h, 1)
	if !slices.Contains(k.out, h) {
		k.out = append(k.out, h)
	}
}
