package app

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"parallax/internal/audit"
	"parallax/internal/join"
	"parallax/internal/record"
	"parallax/sources/inventory"
)

const (
	// liveFresh is how old the moment of an audit may be for the buckets to be asked themselves: they can only say what is now.
	liveFresh = time.Hour
	// maxPrefixes bounds how many prefixes are listed for what no inventory has yet.
	maxPrefixes = 2000
	// listedRows is how many rows of a listing are handed on at a time.
	listedRows = 4096
)

// listing is what is listed live of a bucket, for its inventory does not have it yet.
type listing struct {
	prefixes []string
	from     time.Time // what is older was listed by the inventories
	mu       sync.Mutex
	began    time.Time // the first answer
	extents  []audit.Extent
	gaps     []audit.Gap
}

// past is why the buckets are not asked what they hold now; empty where they are.
func (c *receiptAudit) past() string {
	now := c.sides[0].live.Clock()
	if other := c.sides[1].live.Clock(); other.Before(now) {
		now = other
	}
	switch {
	case c.sides[0].list == nil && c.sides[1].list == nil:
		return "neither bucket has an inventory that could be read"
	case c.pair.Live.Max == 0:
		return "receipts[].live.max is 0"
	case c.sides[0].unversioned(c.window) != nil || c.sides[1].unversioned(c.window) != nil:
		return "a bucket keeps no versions, so its objects are not comparable"
	case now.IsZero():
		return "a bucket has answered nothing"
	case now.Sub(c.asOf) > liveFresh:
		return "the audit speaks for a moment that is past, and the buckets can only say what they hold now"
	default:
		return ""
	}
}

// listYoung decides what is to be listed: where the window reaches beyond the earlier of the two scans, what was written since.
func (c *receiptAudit) listYoung() {
	earlier := c.earlier()
	if earlier.IsZero() || !c.window.To.After(earlier) {
		return
	}
	beyond := audit.Window{From: maxTime(earlier, c.window.From), To: c.window.To}
	since := earlier.Add(-c.rules.Grace)
	prefixes, why := c.prefixes(since.Add(-c.rules.Settle), c.asOf)
	if c.livePast != "" {
		why = c.livePast
	}
	if why != "" {
		c.line.Gaps = append(c.line.Gaps, audit.Gap{
			Window: beyond, Reason: fmt.Sprintf("the window reaches beyond the inventories, whose earlier scan was of %s, and what is younger was not listed: %s",
				earlier.Format(time.RFC3339), why),
			Remedy: "run again when the next inventories have come, or over a window that ends before their scans; configure receipts[].key",
		})
		return
	}
	for _, s := range c.sides {
		s.listing.prefixes, s.listing.from = prefixes, since
	}
}

// prefixes are what the keys of receipts written in a time begin with. Why says that there are none that could be listed.
func (c *receiptAudit) prefixes(from, to time.Time) (prefixes []string, why string) {
	if c.pair.Key == nil {
		prefix := literalPrefix(c.rules.KeyPattern)
		if prefix == "" {
			return nil, "neither receipts[].key nor the beginning of key_pattern tells what to list"
		}
		return []string{prefix}, ""
	}
	for at := from.Truncate(time.Hour); !at.After(to); at = at.Add(time.Hour) {
		if p := c.pair.Key.Prefix(at); len(prefixes) == 0 || prefixes[len(prefixes)-1] != p {
			prefixes = append(prefixes, p)
		}
		if len(prefixes) > maxPrefixes {
			return nil, fmt.Sprintf("there are more than %d prefixes to list", maxPrefixes)
		}
	}
	slices.Sort(prefixes)
	return slices.Compact(prefixes), ""
}

// literalPrefix is what every key begins with that a pattern matches.
func literalPrefix(pattern *regexp.Regexp) string {
	loose, err := regexp.Compile(strings.TrimPrefix(pattern.String(), "^"))
	if err != nil {
		return ""
	}
	prefix, _ := loose.LiteralPrefix()
	return prefix
}

// listPrefix lists what is young under a prefix and hands it to the join. What cannot be listed is a gap.
func (c *receiptAudit) listPrefix(ctx context.Context, s *receiptSide, prefix string, emit func(*join.Batch) error) error {
	into := sheet{rules: c.rules}
	var objects []record.Object
	flush := func() error {
		c.observeListed(objects)
		err := emit(into.fill(columnsOf(objects)))
		objects = objects[:0]
		return err
	}
	var refused error
	extent, err := s.live.List(ctx, prefix, func(o record.Object) bool {
		s.listing.begin(o.SeenAt)
		if o.LastModified.Before(s.listing.from) || o.LastModified.After(c.asOf) {
			return true
		}
		o.Region, o.Bucket = s.region, s.bucket
		if objects = append(objects, o); len(objects) == listedRows {
			refused = flush()
		}
		return refused == nil
	})
	if refused == nil && len(objects) > 0 {
		refused = flush()
	}
	switch {
	case refused != nil || ctx.Err() != nil:
		return errors.Join(refused, context.Cause(ctx))
	case err != nil:
		reason, remedy := inventory.Explain(err, "listing of "+s.bucket+"/"+prefix, c.cfg.AWS.Timeout)
		s.listing.add(audit.Gap{Window: audit.Window{From: s.listing.from, To: c.window.To}, Reason: reason, Remedy: remedy})
	default:
		if at, err := time.Parse(time.RFC3339, extent.Totals["listed"]); err == nil {
			s.listing.begin(at) // also where there is nothing to list
		}
		s.listing.done(extent)
	}
	return nil
}

// observeListed takes notice of receipts that are live, and of those that are deleted since the inventories.
func (c *receiptAudit) observeListed(objects []record.Object) {
	var recent, gone []record.Object
	for _, o := range objects {
		if o.DeleteMarker && o.IsLatest {
			gone = append(gone, o)
		}
		if c.ties.Wants(o.Note()) {
			recent = append(recent, o)
		}
		if c.seen.known(o.Note()) {
			c.seen.see(c.rules, []byte(o.Key), o.Note())
		}
	}
	c.ties.See(recent)
	c.ties.Unsee(gone)
}

func (l *listing) begin(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.began.IsZero() || at.Before(l.began) {
		l.began = at
	}
}

func (l *listing) add(g audit.Gap) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gaps = append(l.gaps, g)
}

// whole reports whether all that was to be listed was.
func (l *listing) whole() bool {
	return len(l.prefixes) > 0 && len(l.gaps) == 0 && len(l.extents) == len(l.prefixes)
}

func (l *listing) done(e audit.Extent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.extents = append(l.extents, e)
}

// columnsOf are objects column by column.
func columnsOf(objects []record.Object) *inventory.Rows {
	rows := &inventory.Rows{Len: len(objects)}
	text := func(column *join.Column, s string) {
		start := len(column.Data)
		column.Data = append(column.Data, s...)
		column.Texts = append(column.Texts, join.Span{Start: uint32(start), End: uint32(len(column.Data))}) //nolint:gosec // some thousand keys
	}
	for _, o := range objects {
		text(&rows.Key, o.Key)
		text(&rows.Version, o.VersionID)
		text(&rows.ETag, o.ETag)
		rows.Size = append(rows.Size, o.Size)
		rows.Notes = append(rows.Notes, o.Note())
	}
	return rows
}
