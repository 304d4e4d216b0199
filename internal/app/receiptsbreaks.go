package app

import (
	"context"
	"fmt"
	"iter"

	"parallax/auditors/receipt"
	"parallax/internal/audit"
	"parallax/internal/join"
	"parallax/internal/record"
)

// maxVersions bounds the versions of one key that are judged. More are a mistake of an application, or an attack.
const maxVersions = 10_000

// breaks are the keys that two inventories do not agree on, as the join has left them.
type breaks struct {
	audit  *receiptAudit
	result *join.Result // nil where nothing was compared
	err    error        // that ended a sequence early
	cut    map[string]bool
}

func (b *breaks) close() error {
	if b.result == nil {
		return nil
	}
	return b.result.Close()
}

// all are the pairs, ascending by key; each holds the versions that are not alike. What ends them early is in err.
func (b *breaks) all(ctx context.Context) iter.Seq[receipt.Pair] {
	return func(yield func(receipt.Pair) bool) {
		if b.result == nil || b.err != nil {
			return
		}
		var p receipt.Pair
		for one, err := range b.result.Breaks(ctx) {
			var key, version string
			if err == nil {
				key, version, err = unpackObjectKey(one.Key)
			}
			if err == nil && key != p.Key && p.Key != "" && !yield(p) {
				return
			}
			if err == nil && key != p.Key {
				p = receipt.Pair{Key: key}
			}
			if err == nil {
				err = b.take(&p, version, one)
			}
			if err != nil {
				b.err = fmt.Errorf("compare receipts %s: %w", b.audit.pair.Name, err)
				return
			}
		}
		if p.Key != "" {
			yield(p)
		}
	}
}

func unpackObjectKey(packed []byte) (key, version string, err error) {
	fields, err := join.UnpackKey(packed)
	if err != nil || len(fields) != 2 {
		return "", "", fmt.Errorf("a key of %d fields: %w", len(fields), err)
	}
	return string(fields[0]), string(fields[1]), nil
}

// take adds the rows of one version to its pair.
func (b *breaks) take(p *receipt.Pair, version string, one *join.Break) error {
	for m := range one.Members() {
		side := 0
		if m.Right {
			side = 1
		}
		if len(p.Sides[side]) >= maxVersions {
			b.tooMany(p.Key)
			continue
		}
		o, err := b.audit.sides[side].version(p.Key, version, m)
		if err != nil {
			return err
		}
		p.Sides[side] = append(p.Sides[side], o)
	}
	return nil
}

// tooMany leaves a gap, once, for a key with more versions than are judged.
func (b *breaks) tooMany(key string) {
	if b.cut == nil {
		b.cut = map[string]bool{}
	}
	if b.cut[key] || len(b.cut) >= 100 {
		return
	}
	b.cut[key] = true
	c := b.audit
	c.line.Gaps = append(c.line.Gaps, audit.Gap{
		Window: c.window, Reason: fmt.Sprintf("object %s has more than %d versions that the buckets do not agree on; the rest was not judged", key, maxVersions),
		Remedy: "find out what writes it again and again, and let a lifecycle rule expire old versions",
	})
}

// version is a row of the join as an object.
func (s *receiptSide) version(key, version string, m join.Member) (record.Object, error) {
	fields, err := join.UnpackValue(m.Value)
	if err != nil || len(fields) != 4 {
		return record.Object{}, fmt.Errorf("a value of %d fields: %w", len(fields), err)
	}
	o := record.Object{
		Region: s.region, Bucket: s.bucket, Key: key, VersionID: version, Size: fields[0].Int, ETag: string(fields[1].Text), SeenAt: s.list.Scanned,
	}
	record.ObjectNote(fields[3].Int).Describe(&o)
	if m.Row >= s.joined.Load() { // rows are numbered through the inventory's files, then through what was listed
		o.Live, o.SeenAt = true, s.listing.began
	}
	return o, nil
}
